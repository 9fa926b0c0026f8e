-- The calendar of a run's verdicts with equal neighbours merged: one row a stretch of one model and year. A cell is a day,
-- or ($2) a week, month, quarter or year where days would be too many; it shows the worst of its dates.
with dates as (
  select model_version, date, extract(year from date)::integer as year, date_trunc($2, date) as cell,
         array_position(array['complete', 'skipped', 'partial', 'missing', 'quarantined', 'failed'], verdict) as rank,
         rows_found as found, case when verdict <> 'skipped' then coalesce(rows_due, $3) else 0 end as due,
         left(reason, 70) as reason
    from units
   where run_id = $1 and kind = 'date'
), cells as (
  select model_version, year, min(date) as first, max(date) as last, count(*) as dates, max(rank) as rank,
         sum(found) as found, sum(due) as due, sum((rank > 2)::integer) as open,
         -- The reason of the worst.
         (array_agg(reason order by rank desc, date))[1] as reason
    from dates
   group by model_version, year, cell
), steps as (
  select *, (row_number() over w = 1 or rank <> lag(rank) over w or reason is distinct from lag(reason) over w)::integer
              as step
    from cells window w as (partition by model_version, year order by first)
), stretches as (
  select *, sum(step) over (partition by model_version, year order by first) as stretch from steps
)
select model_version as "modelVersion", year, min(first) as first, max(last) as last, sum(dates)::integer as dates,
       sum(open)::integer as open,
       (array['complete', 'skipped', 'partial', 'missing', 'quarantined', 'failed'])[min(rank)] as verdict,
       coalesce(sum(found), 0)::bigint as found, coalesce(sum(due), 0)::bigint as due, min(reason) as reason
  from stretches
 group by model_version, year, stretch
 order by model_version, year, first
 limit $4
