-- By model: the dates of a run by verdict, and their rows found and due; $2 rows are due where the unit records none.
-- Skipped dates owe no rows.
select model_version as "modelVersion", count(*) as dates, min(date) as first, max(date) as last,
       count(*) filter (where verdict = 'complete') as complete,
       count(*) filter (where verdict = 'partial') as partial,
       count(*) filter (where verdict = 'missing') as missing,
       count(*) filter (where verdict = 'failed') as failed,
       count(*) filter (where verdict = 'quarantined') as quarantined,
       count(*) filter (where verdict = 'skipped') as skipped,
       coalesce(sum(rows_found) filter (where verdict <> 'skipped'), 0)::bigint as "rowsFound",
       coalesce(sum(coalesce(rows_due, $2)) filter (where verdict <> 'skipped'), 0)::bigint as "rowsDue",
       count(*) filter (where (detail ->> 'equal')::boolean) as equal,
       count(*) filter (where not (detail ->> 'equal')::boolean) as different
  from units
 where run_id = $1 and kind = 'date'
 group by model_version
