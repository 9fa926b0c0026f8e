-- The batches of a run's newest start, in lanes: a model's chunks, or a job that serves all models. Where there are more
-- than $2, those that begin in the same part of the time (a hundred and sixtieth) are one row of `batches`.
with mine as (
  select b.job, coalesce(b.request #>> '{input,modelVersion}', b.job) as lane, b.unit, b.attempt, b.state,
         coalesce(b.error_type, b.result #>> '{failed,0,errorType}') as error_type,
         left(coalesce(b.state_message, b.result #>> '{failed,0,message}'), 160) as message, b.watchers,
         case when jsonb_typeof(b.result -> 'failed') = 'array' then jsonb_array_length(b.result -> 'failed') else 0 end
           as left_out,
         extract(epoch from coalesce(b.started_at, b.submitted_at) - r.claimed_at)::float8 as begun,
         extract(epoch from coalesce(b.finished_at, clock_timestamp()) - r.claimed_at)::float8 as ended,
         count(*) over () as all
    from batches b join runs r using (run_id)
   where b.run_id = $1 and b.submitted_at >= r.claimed_at - interval '1 second'
), placed as (
  select *, case when "all" <= $2 then row_number() over (order by begun)
                 else width_bucket(begun, 0, greatest(1, max(begun) over ()), 160) end as place
    from mine
)
select job, lane, min(unit) as unit, max(attempt) as attempt, count(*)::integer as batches,
       count(*) filter (where state in ('FAILED', 'TIMED_OUT'))::integer as failed,
       count(*) filter (where state = 'SUCCEEDED' and left_out > 0)::integer as partly,
       count(*) filter (where state = 'CANCELLED')::integer as cancelled,
       count(*) filter (where state not in ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED'))::integer as open,
       min(error_type) as "errorType", min(message) as message, max(watchers) as watchers,
       min(begun) as begun, max(ended) as ended
  from placed
 group by job, lane, place
 order by min(begun), lane
