-- The newest walk-forward evaluation of the data set, day by day.
select e.date, e.population, e.pools, e.mae_model as model, e.mae_persistence as persistence,
       e.mae_mean_7d as "mean7d", e.coverage_80 as coverage, e.shrink
  from forecast_evaluation_days e
 where e.run_id = (
         select r.run_id from runs r
          where r.dataset = $1 and exists (select 1 from forecast_evaluation_days d where d.run_id = r.run_id)
          order by r.claimed_at desc, r.run_id limit 1)
 order by e.population, e.date
