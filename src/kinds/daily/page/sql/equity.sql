-- The portfolio's value day by day, at the day's opening and after its costs, from the balances and the decisions. What an
-- on-chain portfolio proposes costs nothing until the chain says that it was done.
select a.date, a.status, a.stale,
       a.value_before_usd::double precision as "openingUsd",
       (case when $3 = 'onchain' then a.value_before_usd else a.value_after_usd end)::double precision as "closingUsd",
       (case when $3 = 'onchain' then 0 else a.gas_usd + a.conversion_usd end)::double precision as "costUsd",
       coalesce(b.accrued, 0)::double precision as "accruedUsd",
       coalesce(b.flow, 0)::double precision as "flowUsd"
  from allocations a
  left join (
    select date, sum(accrued * price_usd) as accrued, sum(flow * price_usd) as flow
      from daily_balances where dataset = $1 and portfolio = $3 and date <= $2
     group by date
  ) b using (date)
 where a.dataset = $1 and a.portfolio = $3 and a.date <= $2
 order by a.date desc
 limit $4
