-- Every pool that the day began with (date $2) or that is held since the decision of day $4, in dollars.
with opened as (
  select pool_id, sum(allocated_balance * price_usd) as usd
    from daily_balances
   where dataset = $1 and date = $2 and portfolio = $3 and pool_id is not null
   group by pool_id
), held as (
  select pool_id, sum(amount * price_usd) as usd
    from allocation_positions
   where dataset = $1 and date = $4 and portfolio = $3 and pool_id is not null
   group by pool_id
), position as (
  select pool_id, coalesce(opened.usd, 0)::double precision as before, coalesce(held.usd, 0)::double precision as after
    from opened full join held using (pool_id)
)
select s.pool_id as "poolId", p.symbol, p.protocol, j.pool_group as "group",
       s.before as "beforeUsd", s.after as "afterUsd",
       f.forecasted_apy as apy, f.date as "forecastOf", f.forecasted_tvl as tvl,
       q.apy_q10 as "apyQ10", q.apy_q90 as "apyQ90"
  from position s
  left join pools p on p.dataset = $1 and p.pool_id = s.pool_id
  left join pool_daily_metrics j on j.dataset = $1 and j.date = $2 and j.pool_id = s.pool_id
  -- a held pool whose forecast is late is reckoned with its last one, as the allocation does
  left join lateral (
    select m.date, m.forecasted_apy, m.forecasted_tvl
      from pool_daily_metrics m
     where m.dataset = $1 and m.pool_id = s.pool_id and m.date between $2::date - 3 and $2
       and m.forecasted_apy is not null
     order by m.date desc limit 1
  ) f on true
  left join pool_forecast_quantiles q
         on q.dataset = $1 and q.pool_id = s.pool_id and q.date = f.date and q.horizon_days = 1
 order by s.after desc, s.before desc, s.pool_id
