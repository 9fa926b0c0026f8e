-- The one definition of a whole forecast date. $1 commodity, $2 model version, $3 first and $4 last date, $5 paths,
-- $6 horizon, $7 dates due with $8 rows and $9 digest of the prices that were known for each (known-prices.sql) and
-- $10 training dates, $11 the job's result version, $12 model key, $13 version and $14 training frequency of the fitted
-- models, $15 the sink and $16 whether its rows are written with their metadata. The sink says how `paths` are counted
-- (src/kinds/backfill/sinks), with parameters from $17 on.
-- Materialized, because a guess once counted the points anew for each of 2,872 dates: 44 s instead of 2.
with due as (
  select * from unnest($7::date[], $8::bigint[], $9::numeric[], $10::date[]) as d (date, rows, digest, training_date)
), paths as materialized (
  :paths
), points as materialized (
  select forecast_start_date as date, count(*) as found, min(day_ahead) as first, max(day_ahead) as last
    from point_forecasts
   where commodity = $1 and model_version = $2 and forecast_start_date between $3 and $4
     and abs(forecast_mean + forecast_std) < 'Infinity'::double precision
   group by forecast_start_date
), quantiles as materialized (
  select forecast_start_date as date, count(*) as found
    from forecast_quantiles
   where commodity = $1 and model_version = $2 and forecast_start_date between $3 and $4
   group by forecast_start_date
), stored as materialized (
  select paths.date, paths.found, paths.sound,
         coalesce(s.fingerprint, case when $16::boolean then f.fingerprint end) as fingerprint,
         paths.found = $5 and paths.sound = $5 and paths.first = 1 and paths.last = $5
           and coalesce(points.found = $6 and points.first = 1 and points.last = $6, false)
           and coalesce(quantiles.found = $6, false) and f.paths = $5 and f.horizon = $6
           and (s.fingerprint is not null or $16::boolean) and coalesce(paths.cutoff = f.data_cutoff_date, true) as whole,
         coalesce(points.found, 0) as points
    from paths
    left join points using (date)
    left join quantiles using (date)
    left join forecast_metadata f
      on f.commodity = $1 and f.model_version = $2 and f.forecast_start_date = paths.date
    left join path_fingerprints s
      on s.sink = $15 and s.commodity = $1 and s.model_version = $2 and s.forecast_start_date = paths.date
), judged as (
  select coalesce(due.date, stored.date) as date,
         coalesce(stored.found, 0)::integer as found, coalesce(stored.sound, 0)::integer as sound,
         coalesce(stored.points, 0)::integer as points,
         case when due.date is null then 'extra'
              when stored.found is null then 'missing'
              when stored.whole then 'complete'
              else 'partial' end as state,
         coalesce(stored.whole and stored.fingerprint
           is distinct from forecast_fingerprint($11, m.sha256, due.rows, due.digest), false) as changed
    from due
    full join stored using (date)
    left join fitted_models m
      on m.commodity = $1 and m.model_key = $12 and m.model_version = $13 and m.train_frequency = $14
     and m.training_date = due.training_date
)
-- One row of lists: as rows, 100,000 dates take a third of a second to be read.
select array_agg(date order by date)::text as date, array_agg(found order by date)::text as found,
       array_agg(sound order by date)::text as sound, array_agg(points order by date)::text as points,
       array_agg(state order by date)::text as state, array_agg(changed order by date)::text as changed
  from judged
