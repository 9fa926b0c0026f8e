-- How good the forecasts $2 of commodity $1 from $3 to $4 were, pooled: over everything, by day ahead, and by $5 of the
-- forecast's start. The point is the median of the paths; persistence says "stays where it is", at the close that was
-- known when the forecast was made.
with made as (
  select model_version, forecast_start_date, data_cutoff_date, day_ahead, actual_close
    from point_forecasts
   where commodity = $1 and model_version = any ($2) and forecast_start_date between $3 and $4
), origins as (
  select o.forecast_start_date, p.close
    from (select distinct forecast_start_date, data_cutoff_date from made where day_ahead = 1) o
   cross join lateral (
     select close from prices
      where commodity = $1 and date = o.data_cutoff_date and known_at < o.forecast_start_date
      order by known_at desc limit 1) p
), scored as (
  select m.model_version, m.day_ahead, date_trunc($5, m.forecast_start_date)::date as period, m.actual_close as actual,
         o.close, q025, q10, q25, q50, q75, q90, q975, crps
    from made m
    join origins o using (forecast_start_date)
    left join forecast_quantiles q
      on q.commodity = $1 and q.model_version = m.model_version
     and q.forecast_start_date = m.forecast_start_date and q.day_ahead = m.day_ahead
)
select model_version as "modelVersion", day_ahead as "dayAhead", period,
       count(*)::integer as points, count(actual)::integer as known,
       avg(abs(actual - q50)) as mae, sqrt(avg((actual - q50) ^ 2)) as rmse, avg(abs(actual - close)) as persistence,
       avg(crps) as crps,
       avg((actual between q10 and q90)::integer)::float8 as cover80,
       avg((actual between q025 and q975)::integer)::float8 as cover95,
       array[avg((actual <= q025)::integer), avg((actual <= q10)::integer), avg((actual <= q25)::integer),
             avg((actual <= q50)::integer), avg((actual <= q75)::integer), avg((actual <= q90)::integer),
             avg((actual <= q975)::integer)]::float8[] as reached
  from scored
 group by grouping sets ((model_version), (model_version, day_ahead), (model_version, period))
 order by 1, 2 nulls first, 3 nulls first
