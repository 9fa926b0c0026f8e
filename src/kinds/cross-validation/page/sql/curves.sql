-- Curves, horizons and reports of the candidates $2 (model/params_hash); strata of $3 alone, they are the most of it.
select model, params_hash as "paramsHash", fold,
       case when model || '/' || params_hash = $3 or jsonb_typeof(detail) <> 'object' then detail
            else detail - 'strata' end as detail
  from cv_fits
 where run_id = $1 and status = 'complete' and model || '/' || params_hash = any ($2)
 order by model, params_hash, fold
