-- Batches anywhere: what is known of one wherever it runs, what it was expected to cost and what it did.

alter table batches
  add column request_id      uuid,                          -- with it a repeated create is the same create
  add column fallback_from   text,                          -- the engine that was asked for and could not be set up
  add column fallback_reason text,
  add column state_history   jsonb not null default '[]',   -- [{state, at, message?}], the current one last
  add column remote          jsonb not null default '{}',   -- {batchName, operation, appId, outputUri, runtimeVersion, containerImage, properties}
  add column data_analysis   jsonb,                         -- {rows, totalMb, memoryGb, category, estimateSource, …} (src/planning/data-size.ts)
  add column resources       jsonb,                         -- {executors, executorCores, executorMemoryGb, driverCores, driverMemoryGb, memoryFactor, rule}
  add column cost_estimate   jsonb,                         -- {usd, seconds, …} (src/planning/cost.ts), made before it was sent
  add column cost_actual     jsonb,                         -- the same, from what was used
  add column event_log       jsonb;                         -- {stages, tasks, peakExecutorMb, cpuSeconds, offeredCoreSeconds, …}

-- The most that a run may cost in US dollars, all its attempts together; null means no limit.
alter table runs
  add column budget_usd numeric check (budget_usd > 0),
  add column engine text;                                   -- where its batches go

-- The cost ledger: what each unit of a run was expected to cost and did, over all its attempts.
create view batch_costs as
select b.run_id, r.key as run_key, b.unit, b.engine,
       count(*)::int                                                                 as batches,
       coalesce(sum((b.cost_estimate ->> 'usd')::numeric), 0)                        as estimate_usd,
       coalesce(sum((b.cost_actual ->> 'usd')::numeric), 0)                          as actual_usd,
       -- what is spent or must be expected to be: of a batch that has not told its cost, the estimate
       coalesce(sum(coalesce((b.cost_actual ->> 'usd')::numeric, (b.cost_estimate ->> 'usd')::numeric)), 0) as committed_usd,
       coalesce(sum((b.cost_estimate ->> 'seconds')::numeric), 0)                    as estimate_seconds,
       coalesce(sum((b.cost_actual ->> 'seconds')::numeric), 0)                      as actual_seconds,
       coalesce(sum((b.cost_actual ->> 'coreSeconds')::numeric), 0)                  as core_seconds,
       coalesce(sum((b.cost_actual ->> 'gbSeconds')::numeric), 0)                    as gb_seconds,
       coalesce(sum((b.cost_actual ->> 'dcuHours')::numeric), 0)                     as dcu_hours,
       coalesce(sum((b.cost_actual ->> 'gbMonths')::numeric), 0)                     as gb_months
  from batches b join runs r using (run_id)
 group by b.run_id, r.key, b.unit, b.engine;

comment on view batch_costs is 'A row a run, unit and engine; US dollars, seconds, DCU hours, GB months.';
