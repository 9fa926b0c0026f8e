-- For the pools $3: the APY of the last $4 days before the run date, then the quantiles forecast on it.
select pool_id as "poolId", date, actual_apy as apy, null::double precision as q10, null::double precision as q50,
       null::double precision as q90
  from pool_daily_metrics
 where dataset = $1 and pool_id = any ($3) and date < $2 and date >= $2::date - $4::integer
   and metrics_version is not null and actual_apy is not null
union all
-- horizon 1 is the run date itself
select pool_id, date + horizon_days - 1, null, apy_q10, apy_q50, apy_q90
  from pool_forecast_quantiles
 where dataset = $1 and pool_id = any ($3) and date = $2 and horizon_days <= 7
 order by 1, 2
