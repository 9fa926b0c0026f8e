-- What a run used, by job, over all of its starts. `busy` counts a second once, however many batches worked in it.
select b.job, count(*)::integer as batches,
       count(*) filter (where state in ('FAILED', 'TIMED_OUT'))::integer as failed,
       count(*) filter (where attempt > 1 or watchers > 1)::integer as again,
       sum((usage ->> 'seconds')::float8) as seconds, sum((usage ->> 'cpuSeconds')::float8) as "cpuSeconds",
       max((usage ->> 'peakMb')::float8) as "peakMb", sum((result ->> 'rows')::float8) as rows,
       array_agg(distinct engine) as engines,
       sum((cost_estimate ->> 'seconds')::float8) as "expectedSeconds",
       sum((coalesce(cost_actual, usage) ->> 'seconds')::float8) as "actualSeconds",
       sum((cost_estimate ->> 'coreSeconds')::float8) as "expectedCoreSeconds",
       sum((cost_actual ->> 'coreSeconds')::float8) as "coreSeconds",
       sum((cost_estimate ->> 'usd')::float8) as "expectedUsd", sum((cost_actual ->> 'usd')::float8) as usd,
       sum((event_log ->> 'cpuSeconds')::float8) as "executorCpuSeconds",
       sum((event_log ->> 'offeredCoreSeconds')::float8) as "offeredCoreSeconds",
       nullif(max((event_log ->> 'peakExecutorMb')::float8), 0) as "executorMb",
       (select sum(extract(epoch from upper(busy) - lower(busy)))::float8
          from unnest(range_agg(tstzrange(started_at, finished_at)) filter (where finished_at >= started_at)) as busy) as busy
  from batches b
 where run_id = $1
 group by b.job
 order by min(submitted_at)
