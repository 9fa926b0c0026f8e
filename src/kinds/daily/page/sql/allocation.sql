-- The decision of a day with what it began with and what it left, in dollars. Numeric leaves as double precision: the
-- page shows cents of at most a few trillion, which a double holds exactly enough.
with opening as (
  select coalesce(sum(carried * price_usd), 0) as carried, coalesce(sum(accrued * price_usd), 0) as accrued,
         coalesce(sum(flow * price_usd), 0) as flow,
         coalesce(sum(allocated_balance * price_usd), 0) as allocated,
         count(*) filter (where price_date is null) as unpriced
    from daily_balances where dataset = $1 and date = $2 and portfolio = $3
), closing as (
  select coalesce(sum(amount * price_usd) filter (where pool_id is not null), 0) as allocated,
         coalesce(sum(amount * price_usd) filter (where pool_id is null), 0) as idle
    from allocation_positions where dataset = $1 and date = $2 and portfolio = $3
), moved as (
  select count(*) filter (where operation <> 'HOLD') as transactions,
         coalesce(sum(amount_usd) filter (where operation = 'ALLOCATION'), 0) as deposited,
         coalesce(sum(amount_usd) filter (where operation = 'WITHDRAWAL'), 0) as withdrawn,
         coalesce(sum(amount_usd) filter (where operation = 'CONVERSION'), 0) as converted
    from asset_allocations s
    join allocations a using (run_id)
   where a.dataset = $1 and a.date = $2 and a.portfolio = $3
)
select a.status, a.why, a.gap, a.stale, a.solver, a.candidates, a.variables, a.constraints,
       a.solve_seconds as "solveSeconds", a.horizon_days as "horizonDays", a.pools_wanted as "poolsWanted",
       a.pools_held as "poolsHeld", a.previous_date as "previousDate", a.eth_price_usd as "ethPriceUsd",
       a.gas_gwei as "gasGwei", a.projected_apy as "projectedApy", a.decided_at as "decidedAt",
       a.objective_usd::double precision as "objectiveUsd",
       a.value_before_usd::double precision as "valueBeforeUsd",
       a.value_after_usd::double precision as "valueAfterUsd",
       a.gas_usd::double precision as "gasUsd",
       a.conversion_usd::double precision as "conversionUsd",
       (a.gas_usd + a.conversion_usd)::double precision as "costUsd",
       previous.usd::double precision as "previousValueUsd",
       (opening.carried - previous.usd)::double precision as "priceChangeUsd",
       opening.accrued::double precision as "accruedUsd",
       opening.flow::double precision as "flowUsd",
       opening.allocated::double precision as "allocatedBeforeUsd",
       opening.unpriced::integer as "pricesAssumed",
       closing.allocated::double precision as "allocatedUsd",
       closing.idle::double precision as "idleUsd",
       moved.transactions::integer, moved.deposited::double precision as "depositedUsd",
       moved.withdrawn::double precision as "withdrawnUsd", moved.converted::double precision as "convertedUsd"
  from allocations a
  cross join opening cross join closing cross join moved
  left join allocations p on p.dataset = a.dataset and p.portfolio = a.portfolio and p.date = a.previous_date
  -- what the chain holds is carried on; what was proposed for it may never have been done
  cross join lateral (
    select case when a.portfolio = 'onchain' then p.value_before_usd else p.value_after_usd end as usd) previous
 where a.dataset = $1 and a.date = $2 and a.portfolio = $3
