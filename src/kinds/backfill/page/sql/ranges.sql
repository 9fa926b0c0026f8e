-- What is not complete, as ranges of neighbouring dates (or training windows) of one model, verdict and cause. Of many, the
-- first $3; `ranges` counts them all.
with neighbours as (
  select kind, model_version, date, verdict, coalesce(rows_found, 0) as found,
         case when verdict <> 'skipped' then coalesce(rows_due, $2) else 0 end as due, left(coalesce(reason, detail ->> 'differs'), 600) as reason,
         failure_type, tries, unit,
         row_number() over (partition by kind, model_version order by date) as n
    from units
   where run_id = $1 and kind in ('date', 'window')
), ranges as (
  select *, n - row_number() over (partition by kind, model_version, verdict, reason, failure_type order by date) as range
    from neighbours
   where verdict <> 'complete'
)
select kind, model_version as "modelVersion", min(date) as first, max(date) as last, count(*)::integer as dates, verdict,
       sum(found)::bigint as found, sum(due)::bigint as due, reason, failure_type as "failureType",
       max(tries) as tries, min(unit) as unit, (count(*) over ())::integer as ranges
  from ranges
 group by kind, model_version, verdict, reason, failure_type, range
 order by verdict = 'skipped', kind desc, model_version, min(date)
 limit $3
