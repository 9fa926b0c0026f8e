-- Whole means: every active pool has its row on the run date, every rejected one says why, and somebody passed.
with judged as (
  select p.pool_id, m.pool_id is not null as has_row, m.is_filtered_out, m.prefilter_reason, m.filter_reason, p.currently_filtered_out
    from pools p left join pool_daily_metrics m on m.dataset = p.dataset and m.pool_id = p.pool_id and m.date = $3
   where p.dataset = $2 and p.is_active and $1::uuid is not null
)
select 'rows' as name, 'block' as severity, count(*) = count(*) filter (where has_row) and count(*) > 0 as passed,
       count(*) filter (where has_row)::text as observed, count(*)::text as expected,
       'active pools with a row on the run date' as message
  from judged
union all
select 'every rejection has a reason', 'block', count(*) = 0, count(*)::text, '0', 'rejected pools without a reason'
  from judged
 where is_filtered_out <> (coalesce(filter_reason, '') <> '') or (prefilter_reason is not null and not is_filtered_out)
union all
select 'flags agree', 'block', count(*) = 0, count(*)::text, '0', 'pools whose own flag differs from that of the day'
  from judged where is_filtered_out <> currently_filtered_out
   -- the flag of the pool itself follows the newest day that was judged
   and not exists (select 1 from pool_daily_metrics l
                    where l.dataset = $2 and l.pool_id = judged.pool_id and l.date > $3)
union all
select 'pools passed', 'block', count(*) filter (where prefilter_reason is null) > 0,
       count(*) filter (where prefilter_reason is null)::text, 'at least 1', 'pools that the later phases may choose from'
  from judged
