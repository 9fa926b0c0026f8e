-- The fits of a run without their curves: figures, cost, and what went wrong.
select model, params_hash as "paramsHash", fold, status, error_type as "errorType", left(error, 600) as error,
       fit_key as "fitKey", params,
       jsonb_strip_nulls(jsonb_build_object(
         'cindex', cindex, 'cindex_tau', cindex_tau, 'cindex_harrell', cindex_harrell, 'ibs', ibs,
         'mean_auc', mean_auc, 'weighted_auc', weighted_auc,
         'accuracy', accuracy, 'precision', precision, 'recall', recall, 'f1', f1, 'auc', auc, 'log_loss', log_loss,
         'rmse', rmse, 'mae', mae, 'r2', r2)) as figures,
       best_iteration as "bestIteration", train_rows as "trainRows", test_rows as "testRows",
       seconds, cpu_seconds as "cpuSeconds", peak_mb as "peakMb", seed, threads, versions, attempt, fitted_at as "fittedAt",
       case when jsonb_typeof(detail -> 'notes') = 'array' then detail -> 'notes' else '[]' end as notes
  from cv_fits
 where run_id = $1
 order by model, params_hash, fold
