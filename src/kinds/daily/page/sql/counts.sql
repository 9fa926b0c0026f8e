-- What the newest runs of the same data set counted, the run itself among them.
select r.run_id as "runId", r.date, r.status,
       max(u.rows_found) filter (where u.unit = 'ingest') as "ingestRows",
       max(u.rows_found) filter (where u.unit = 'prefilter') as pools,
       max((u.detail ->> 'passed')::bigint) filter (where u.unit = 'prefilter') as passed,
       max(u.rows_found) filter (where u.unit = 'metrics') as "metricsRows",
       max(u.rows_found) filter (where u.unit = 'forecast') as "forecastRows",
       (select a.pools_held from allocations a where a.run_id = r.run_id limit 1) as positions,
       extract(epoch from r.finished_at - r.claimed_at)::double precision as seconds
  from runs r join units u using (run_id)
 where r.kind = 'dailyPipeline' and r.dataset = $1
   and (r.run_id = $2 or r.run_id in (
         select run_id from runs
          where kind = 'dailyPipeline' and dataset = $1 and run_id <> $2
          order by claimed_at desc, run_id limit $3))
 group by r.run_id
 order by r.run_id <> $2, r.claimed_at desc, r.run_id
