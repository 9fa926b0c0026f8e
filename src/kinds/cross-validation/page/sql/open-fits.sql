-- Fits that are not there, with the reason; `all` counts those beyond $2 too. A fit's fingerprint is its key.
select u.unit, u.model_version as label, u.position as fold, u.verdict, u.tries,
       coalesce(u.failure_type, f.error_type) as "failureType", left(coalesce(u.reason, f.error), 600) as reason,
       (count(*) over ())::integer as all
  from units u
  left join cv_fits f on f.run_id = u.run_id and f.fit_key = u.fingerprint and f.status = 'failed'
 where u.run_id = $1 and u.kind = 'fit' and u.verdict <> 'complete'
 order by u.verdict = 'missing', u.model_version, u.position, u.unit
 limit $2
