-- How the day's models were fitted.
select target, model, shrink, rows, features, first_asof as "firstAsof", last_asof as "lastAsof",
       mae_model as "maeModel", mae_persistence as "maePersistence", (detail ->> 'days')::integer as days,
       (detail ->> 'pools')::integer as pools, (detail ->> 'knownRows')::integer as "knownRows"
  from pool_forecast_models
 where dataset = $1 and date = $2
 order by array_position(array['apy', 'tvl', 'gas_avg', 'gas_max'], target)
