-- Dates that are worth a look among the forecasts $2 of commodity $1 from $3 to $4: the first, the largest miss (mean CRPS
-- over models and days ahead), the most unusual origin (the last move in deviations of the step's own), the last.
with closes as (
  -- as each day was first known
  select distinct on (date) date, close from prices
   where commodity = $1 and is_trading_day and date between $3::date - 40 and $4
   order by date, known_at
), moves as (
  select date, close - lag(close) over (order by date) as move from closes
), firsts as (
  select forecast_start_date as date, data_cutoff_date as cutoff, forecast_std as deviation
    from point_forecasts
   where commodity = $1 and model_version = any ($2) and forecast_start_date between $3 and $4 and day_ahead = 1
), misses as (
  select forecast_start_date as date, avg(crps) as crps
    from forecast_quantiles
   where commodity = $1 and model_version = any ($2) and forecast_start_date between $3 and $4 and crps is not null
   group by 1
)
select 'first' as role, min(date) as date, null::float8 as figure, null::float8 as ratio from firsts
union all
(select 'miss', date, crps, null from misses order by crps desc, date limit 1)
union all
(select 'unusual', f.date, m.move, abs(m.move) / f.deviation
   from firsts f join moves m on m.date = f.cutoff
  where f.deviation > 0 and m.move is not null
  order by 4 desc, f.date limit 1)
union all
select 'last', max(date), null, null from firsts
