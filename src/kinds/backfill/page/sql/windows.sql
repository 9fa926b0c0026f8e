-- By model: the training windows of a run, how many were fitted since it was opened, and what the fits are.
select u.model_version as "modelVersion", (count(*) filter (where u.verdict <> 'skipped'))::integer as windows,
       count(*) filter (where u.verdict = 'complete')::integer as whole,
       count(*) filter (where m.created_at >= r.opened_at)::integer as trained,
       min(u.date) as first, max(u.date) as last, min(m.training_samples) as "fewestRows",
       max(m.training_samples) as "mostRows", sum(m.fit_seconds) as seconds, max(m.size_bytes)::integer as "largestBytes",
       count(m.object_uri)::integer as "asObjects"
  from units u
  join runs r using (run_id)
  -- A fit is shared by versions that differ in their paths alone.
  left join jsonb_to_recordset(r.request -> 'models') as v (version text, "fitVersion" text) on v.version = u.model_version
  left join fitted_models m
    on m.commodity = $2 and m.model_version = coalesce(v."fitVersion", u.model_version) and m.training_date = u.date
   and m.train_frequency = $3
 where u.run_id = $1 and u.kind = 'window'
 group by u.model_version
