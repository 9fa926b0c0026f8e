-- Seconds by model, fold and stage, as each fit measured them.
select model, fold, stage.key as stage, sum(stage.value::text::float8) as seconds
  from cv_fits
 cross join lateral jsonb_each(case jsonb_typeof(detail -> 'stages') when 'object' then detail -> 'stages' end) as stage
 where run_id = $1 and jsonb_typeof(stage.value) = 'number'
 group by model, fold, stage.key
 order by model, fold, stage.key
