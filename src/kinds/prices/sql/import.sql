-- Whole means: every commodity of the import has as many rows as were due, at least one a calendar day, all of them
-- finite, and reads as it did when the import was committed. What is due was counted by the job from the file (and the
-- rows stored before that the file does not have, which stay); what is found is counted here.
with due as (
  select d.key as commodity, (d.value ->> 'rows')::bigint as rows, (d.value ->> 'first')::date as first,
         (d.value ->> 'last')::date as last, d.value ->> 'digest' as digest
    from units u, jsonb_each(u.detail -> 'due') d
   where u.run_id = $1 and u.unit = 'import' and $2::text is not null and $3::date is distinct from 'infinity'
),
found as (
  select due.commodity, due.rows as due, due.digest, due.last - due.first + 1 as days_due,
         count(p.date) as rows, count(distinct p.date) as days,
         count(*) filter (where not (p.close > '-infinity' and p.close < 'infinity')) as not_finite,
         count(*) filter (where p.known_at < p.date) as known_early
    from due left join prices p on p.commodity = due.commodity and p.date between due.first and due.last
   group by due.commodity, due.rows, due.digest, due.first, due.last
)
select 'rows' as name, 'block' as severity, coalesce(bool_and(rows = due), false) as passed,
       coalesce(sum(rows), 0)::text as observed, coalesce(sum(due), 1)::text as expected,
       'stored rows against rows of the import' as message
  from found
union all
select commodity || ' calendar days', 'block', days = days_due, days::text, days_due::text,
       'days with a row, open or closed'
  from found
union all
select commodity || ' finite closes', 'block', not_finite = 0, not_finite::text, '0',
       'rows whose close is not a finite number'
  from found
union all
select commodity || ' known in time', 'block', known_early = 0, known_early::text, '0',
       'rows known before their own day'
  from found
union all
select found.commodity || ' as imported', 'block', stored.digest is not distinct from found.digest,
       coalesce(stored.digest, 'nothing'), found.digest, 'the rows as a number; another one where a value has changed since'
  from found
  left join lateral (select digest::text from price_digests(found.commodity) order by as_of desc limit 1) stored on true
