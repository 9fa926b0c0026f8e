-- Whole means: every pool that is due has its forecast.
with due as (
  select m.pool_id from pool_daily_metrics m join pools p using (dataset, pool_id)
   where m.dataset = $2 and m.date = $3 and p.is_active and m.prefilter_reason is null and $1::uuid is not null
     and (select count(*) from pool_history h where h.dataset = $2 and h.pool_id = m.pool_id and h.date < $3) >= 2
     and exists (select 1 from pool_history h
                  where h.dataset = $2 and h.pool_id = m.pool_id and h.date between $3::date - 8 and $3::date - 1)
)
select 'rows' as name, 'block' as severity, count(*) = count(f.pool_id) and count(*) > 0 as passed,
       count(f.pool_id)::text as observed, count(*)::text as expected, 'pools that are due and have their forecast' as message
  from due left join pool_forecasts f on f.dataset = $2 and f.date = $3 and f.pool_id = due.pool_id
