-- How good the forecasts $2 of commodity $1 from $3 to $4 were, pooled: over everything, by day ahead, and by $5 of the
-- forecast's start. The point is the median of the paths; persistence says "stays where it is", at the close that was
-- known when the forecast was made. Both tables are read once, summed in small groups, and only the sums are pooled.
with origins as materialized (
  select o.forecast_start_date, p.close
    from (select distinct forecast_start_date, data_cutoff_date from forecast_metadata
           where commodity = $1 and model_version = any ($2) and forecast_start_date between $3 and $4) o
   cross join lateral (
     select close from prices
      where commodity = $1 and date = o.data_cutoff_date and known_at < o.forecast_start_date
      order by known_at desc limit 1) p
), sums as materialized (
  select p.model_version, p.day_ahead, date_trunc($5, p.forecast_start_date::timestamp)::date as period,
         count(*) as points, count(actual_close) as known,
         sum(abs(actual_close - q50)) as error, sum((actual_close - q50) ^ 2) as squared,
         sum(abs(actual_close - o.close)) as persistence, sum(crps) as crps, count(crps) as scored,
         count(*) filter (where actual_close between q10 and q90) as in80,
         count(*) filter (where actual_close between q025 and q975) as in95,
         count(*) filter (where actual_close <= q025) as to025, count(*) filter (where actual_close <= q10) as to10,
         count(*) filter (where actual_close <= q25) as to25, count(*) filter (where actual_close <= q50) as to50,
         count(*) filter (where actual_close <= q75) as to75, count(*) filter (where actual_close <= q90) as to90,
         count(*) filter (where actual_close <= q975) as to975
    from point_forecasts p
    left join forecast_quantiles q
      on q.commodity = $1 and q.model_version = any ($2) and q.forecast_start_date between $3 and $4
     and q.model_version = p.model_version and q.forecast_start_date = p.forecast_start_date and q.day_ahead = p.day_ahead
    left join origins o on o.forecast_start_date = p.forecast_start_date
   where p.commodity = $1 and p.model_version = any ($2) and p.forecast_start_date between $3 and $4
   group by 1, 2, 3
)
select model_version as "modelVersion", day_ahead as "dayAhead", period,
       sum(points)::integer as points, sum(known)::integer as known,
       sum(error) / nullif(sum(known), 0)::float8 as mae, sqrt(sum(squared) / nullif(sum(known), 0)::float8) as rmse,
       sum(persistence) / nullif(sum(known), 0)::float8 as persistence,
       sum(crps) / nullif(sum(scored), 0)::float8 as crps,
       sum(in80)::float8 / nullif(sum(known), 0)::float8 as cover80,
       sum(in95)::float8 / nullif(sum(known), 0)::float8 as cover95,
       array[sum(to025), sum(to10), sum(to25), sum(to50), sum(to75), sum(to90), sum(to975)]::float8[] as reached
  from sums
 group by grouping sets ((model_version), (model_version, day_ahead), (model_version, period))
 order by 1, 2 nulls first, 3 nulls first
