-- The stored scores of the models $2 over just this range, by horizon.
select model_version as "modelVersion", horizon, forecasts, days, mae, rmse, crps, coverage_80 as cover80,
       coverage_95 as cover95, naive_mae as "naiveMae", skill_mae as "skillMae", skill_crps as "skillCrps", dm_p as "dmP",
       mae_alert as "maeAlert"
  from forecast_evaluation
 where commodity = $1 and model_version = any ($2) and start_date = $3 and end_date = $4 and horizon in (1, 7, 14)
 order by array_position($2, model_version), horizon
