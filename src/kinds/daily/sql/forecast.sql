-- Whole means: every pool that is due has its forecast, and nobody else has; every figure is finite, in its order, and the
-- same wherever it stands; nothing was known that was not known the day before.
with passing as (
  select m.pool_id, h.days, h.last
    from pool_daily_metrics m join pools p using (dataset, pool_id)
    cross join lateral (select count(*) as days, max(date) as last from pool_history h
                         where h.dataset = $2 and h.pool_id = m.pool_id and h.date < $3) h
   where m.dataset = $2 and m.date = $3 and p.is_active and m.prefilter_reason is null and $1::uuid is not null
),
due as (
  -- an observation is repeated for seven days after its own, the last of which is the day before the run
  select pool_id from passing where days >= 2 and last >= $3::date - 8
),
forecasts as (select * from pool_forecasts where dataset = $2 and date = $3),
fans as (select * from pool_forecast_quantiles where dataset = $2 and date = $3),
-- greatest() skips nulls, and NaN sorts above infinity
not_finite as (
  select (select count(*) from forecasts
           where greatest(asof_apy, asof_tvl, mean_apy_7d, forecasted_apy, forecasted_tvl, tvl_q10, tvl_q90) >= 'infinity'
              or least(forecasted_apy, forecasted_tvl, tvl_q10) < 0)
       + (select count(*) from fans where greatest(apy_q10, apy_q50, apy_q90) >= 'infinity' or apy_q10 < 0) as rows
),
disordered as (
  select (select count(*) from forecasts where not (tvl_q10 <= forecasted_tvl and forecasted_tvl <= tvl_q90))
       + (select count(*) from fans where not (apy_q10 <= apy_q50 and apy_q50 <= apy_q90)) as rows
),
-- counted once: a look at all fans for each pool is 2.8 billion rows of 20,000 pools
without_fan as (
  select count(*) as pools
    from forecasts f
    left join (select pool_id, count(*) as horizons from fans where horizon_days between 1 and 7 group by pool_id) q
        using (pool_id)
   where coalesce(q.horizons, 0) <> 7
),
-- of all pools with a row on the day: one without a forecast must have none here either
elsewhere as (
  select count(*) as pools
    from pool_daily_metrics m
    left join forecasts f using (pool_id)
    left join fans q on q.pool_id = m.pool_id and q.horizon_days = 1
   where m.dataset = $2 and m.date = $3
     and ((m.forecasted_apy, m.forecasted_tvl) is distinct from (f.forecasted_apy, f.forecasted_tvl)
          or q.apy_q50 is distinct from f.forecasted_apy)
),
learnt as (select * from pool_forecast_models where dataset = $2 and date = $3),
apy as (select * from learnt where target = 'apy'),
-- Rows that a model can learn from, counted from the history: observed on the next day, at most seven days before, and on
-- three of the sixty days before. With 200 of them on ten days there must be a model (rules.py of the job).
observed as (
  select date, date - lag(date) over of_pool as apart, date - lag(date, 3) over of_pool as since_third
    from pool_history
   where dataset = $2 and date between $3::date - 241 and $3::date - 1
  window of_pool as (partition by pool_id order by date)
),
learnable as (
  select coalesce(sum(rows), 0) as rows, count(*) as days
    from (select date, count(*) as rows from observed
           where date >= $3::date - 180 and apart <= 8 and since_third <= 60 group by date) of_day
),
-- A model is used when it was fitted and, where any of its change is believed, moves at least one forecast. Where nothing is
-- believed, the forecast is the day before's by design: the page says so.
used as (
  select (select count(*) from learnt where target in ('apy', 'tvl') and model = 'lightgbm' and model_hash is not null) as models,
         (select coalesce(max(shrink), 0) from apy) > 0 as apy_believed,
         (select coalesce(max(shrink), 0) from learnt where target = 'tvl') > 0 as tvl_believed,
         count(*) as due,
         count(*) filter (where forecasted_apy <> asof_apy) as apys_moved,
         count(*) filter (where forecasted_tvl <> asof_tvl) as tvls_moved
    from forecasts where method = 'model'
)
select 'rows' as name, 'block' as severity, count(*) = count(f.pool_id) as passed,
       count(f.pool_id)::text as observed, count(*)::text as expected,
       'pools that are due and have their forecast' as message
  from due left join forecasts f using (pool_id)
union all
-- Without a forecast nothing new is bought, and what is held stays.
select 'pools without a forecast', 'warn', count(*) = 0,
       count(*) || ' of ' || (select count(*) from passing), '0', coalesce(string_agg(why, '; ' order by number)
         filter (where number <= 5) || case when count(*) > 5 then '; and ' || count(*) - 5 || ' more' else '' end,
         'every pool that passed has enough history of late')
  from (select row_number() over (order by last desc nulls first, pool_id) as number,
               pool_id || case when days = 0 then ' has no history'
                               when days = 1 then ' has one day of history, ' || last || ', and needs two'
                               else ' was last seen on ' || last || ', more than seven days before ' || ($3::date - 1) end as why
          from passing
         where pool_id not in (select pool_id from due)) as undue
union all
select 'nothing beyond', 'block', count(*) = 0, count(*)::text, '0', 'forecasts of pools that are not due'
  from forecasts where pool_id not in (select pool_id from due)
union all
select 'finite figures', 'block', rows = 0, rows::text, '0', 'rows with a figure that is negative or no finite number'
  from not_finite
union all
select 'quantiles in order', 'block', rows = 0, rows::text, '0', 'rows whose q10, median and q90 are not in this order'
  from disordered
union all
select 'fans', 'block', pools = 0, pools::text, '0', 'forecasts without quantiles for one of the seven horizons'
  from without_fan
union all
select 'medians agree', 'block', pools = 0, pools::text, '0',
       'pools whose forecast differs between the forecasts, the fan and the metrics of the day'
  from elsewhere
union all
select 'known the day before', 'block', count(*) = 0, count(*)::text, '0', 'forecasts made of anything but the day before'
  from forecasts where asof <> $3::date - 1
union all
select 'models on record', 'block', count(*) = 2 and bool_and(last_asof <= $3::date - 2), count(*)::text, '2',
       'what APY and TVL were learnt from, with no target later than the day before the run'
  from learnt where target in ('apy', 'tvl')
union all
select 'model used', 'block',
       learnable.rows < 200 or learnable.days < 10
         or (used.models = 2 and (used.due = 0 or ((not used.apy_believed or used.apys_moved > 0)
                                                   and (not used.tvl_believed or used.tvls_moved > 0)))),
       used.models || ' models, which move ' || used.apys_moved || ' APYs and ' || used.tvls_moved || ' TVLs of '
         || used.due || ' forecasts'
         || case when not used.apy_believed and not used.tvl_believed then ': both stay as the day before by design'
                 when not used.apy_believed then ': APYs stay as the day before by design'
                 when not used.tvl_believed then ': TVLs stay as the day before by design'
                 else '' end,
       case when learnable.rows < 200 or learnable.days < 10 then 'none: too little to learn from'
            else '2, from ' || learnable.rows || ' rows of ' || learnable.days || ' days' end,
       'a model of the APY and one of the TVL, wherever there is enough to learn from'
  from learnable, used
union all
select 'gas forecast', 'warn', count(*) = 1, count(*)::text, '1', 'without it costs are reckoned with the last known gas price'
  from gas_fees_daily where dataset = $2 and date = $3 and forecasted_avg_gas_gwei is not null
union all
select 'beats persistence', 'warn', coalesce(max(mae_model) < max(mae_persistence), false),
       coalesce(round(max(mae_model)::numeric, 4)::text, 'not measured'),
       coalesce('< ' || round(max(mae_persistence)::numeric, 4)::text, 'ten days held out'),
       'mean absolute error of the APY on past days held out, in percent points; where it is no better the forecast is "same as the day before"'
  from apy
