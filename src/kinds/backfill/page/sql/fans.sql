-- For each of the dates $3: the 30 closes before it as known then, the forecasts of the models $2, and the actual closes.
select o.date as origin, null as "modelVersion", h.date, h.close, null::float8 as actual, null::float8[] as quantiles
  from unnest($3::date[]) as o (date)
 cross join lateral (
   select date, close
     from (select distinct on (date) date, close from prices
            where commodity = $1 and is_trading_day and date < o.date and date >= o.date - 90 and known_at < o.date
            order by date desc, known_at desc) newest
    order by date desc limit 30) h
union all
select p.forecast_start_date, p.model_version, p.forecast_date, null, p.actual_close,
       array[q025, q10, q25, q50, q75, q90, q975]::float8[]
  from point_forecasts p
  join forecast_quantiles q using (commodity, model_version, forecast_start_date, day_ahead)
 where p.commodity = $1 and p.model_version = any ($2) and p.forecast_start_date = any ($3)
 order by 1, 2 nulls first, 3
