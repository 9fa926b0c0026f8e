-- Seconds by stage, as the jobs themselves measured them, over all batches of a run; CPU is counted with the cost.
select job, stage.key as stage, sum(stage.value::text::float8) as seconds
  from batches
 cross join lateral jsonb_each(case jsonb_typeof(result -> 'seconds')
                                 when 'object' then result -> 'seconds'
                                 when 'number' then jsonb_build_object('all', result -> 'seconds') end) as stage
 where run_id = $1 and jsonb_typeof(stage.value) = 'number' and stage.key <> 'cpu'
 group by job, stage.key
 order by min(submitted_at), 3 desc
