-- Whole means: each day of the stretch ($4 to $5) on which any pool was observed has its evaluation, and every figure in
-- it can be one.
with due as (
  select distinct h.date from pool_history h
   where h.dataset = $2 and h.date between $4 and $5 and h.date < $3
),
found as (
  select * from forecast_evaluation_days where run_id = $1 and date between $4 and $5
),
impossible as (
  select count(*) as rows from found
   where pools < 1 or not (least(mae_model, mae_persistence, mae_mean_7d) >= 0)
      or greatest(mae_model, mae_persistence, mae_mean_7d) >= 'infinity' or not coverage_80 between 0 and 1
)
select 'rows' as name, 'block' as severity, count(*) = count(f.date) and count(*) > 0 as passed,
       count(f.date)::text as observed, greatest(count(*), 1)::text as expected,
       'days with observations that are evaluated' as message
  from due d left join found f on f.date = d.date and f.population = 'all'
union all
select 'figures', 'block', rows = 0, rows::text, '0', 'rows with a figure that cannot be one' from impossible
union all
select 'pools that pass', 'warn', count(*) > 0, count(*)::text, 'at least 1',
       'days with an evaluation of the pools that pass the pre-filter'
  from found where population = 'passing'
