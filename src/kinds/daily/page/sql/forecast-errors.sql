-- Past forecasts held against what came, by day: of each pool that was forecast for a day and observed on it.
select f.date, count(*)::integer as pools,
       avg(abs(f.forecasted_apy - h.apy)) as model,
       avg(abs(f.asof_apy - h.apy)) as persistence,
       avg(abs(f.mean_apy_7d - h.apy)) as "mean7d",
       avg(case when h.apy between q.apy_q10 and q.apy_q90 then 1.0 when q.pool_id is not null then 0.0 end)
         ::double precision as coverage
  from pool_forecasts f
  join pool_history h on h.dataset = f.dataset and h.pool_id = f.pool_id and h.date = f.date
  left join pool_forecast_quantiles q
         on q.dataset = f.dataset and q.pool_id = f.pool_id and q.date = f.date and q.horizon_days = 1
 where f.dataset = $1 and f.date < $2 and f.date >= $2::date - $3::integer
 group by f.date
 order by f.date
