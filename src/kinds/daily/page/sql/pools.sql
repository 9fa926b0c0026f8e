-- Every active pool with its judgement of the run date and the figures of the last complete day before it.
with last_day as (
  -- by the metrics, whose index leads to the newest day; through the history it would read every row
  select max(date) as day from pool_daily_metrics where dataset = $1 and date < $2 and metrics_version is not null
)
select p.pool_id as "poolId", p.symbol, p.protocol, p.chain,
       j.is_filtered_out is not true and j.pool_id is not null as passed,
       j.filter_reason as reason, j.prefilter_reason is not null as "byPrefilter", j.pool_group as "group",
       j.forecasted_apy as "forecastApy", j.forecasted_tvl as "forecastTvl",
       coalesce(m.actual_tvl, h.tvl) as tvl, m.actual_apy as apy, m.rolling_apy_7d as "apy7d",
       m.rolling_apy_30d as "apy30d", m.stddev_apy_30d as "stddev30d", m.stale_days as "staleDays"
  from pools p
  cross join last_day
  left join pool_daily_metrics j on j.dataset = p.dataset and j.pool_id = p.pool_id and j.date = $2
  left join pool_daily_metrics m on m.dataset = p.dataset and m.pool_id = p.pool_id and m.date = last_day.day
  -- the TVL is not filled: where the last day has none, the newest before it is what was known
  left join lateral (
    select tvl from pool_history
     where dataset = p.dataset and pool_id = p.pool_id and date <= last_day.day
     order by date desc limit 1
  ) h on true
 where p.dataset = $1 and p.is_active
 order by tvl desc nulls last, p.pool_id
