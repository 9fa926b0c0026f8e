-- Whole means: how every source ended is known, and what the day cannot do without is there. What else is aged or failed
-- is a warning: the newest answer of the days before stands in for it, as long as it is not older than allowed.
with ended as (
  select * from source_days where day = $3 and $1::uuid is not null and $2::text is not null
)
select 'rows' as name, 'block' as severity,
       count(*) filter (where required) > 0 and coalesce(bool_and(state = 'fresh') filter (where required), false) as passed,
       coalesce(sum(keys_stored) filter (where required), 0)::text as observed,
       coalesce(sum(keys_due) filter (where required), 1)::text as expected,
       coalesce('not fresh: ' || string_agg(source, ', ' order by source) filter (where required and state <> 'fresh'),
                'answers that the day cannot do without') as message
  from ended
union all
select 'source ' || source, case when required then 'block' else 'warn' end, state = 'fresh',
       case state when 'aged' then 'aged ' || (day - last_good)::text || ' days' else state end,
       case when allowed_days = 0 then 'fresh' else 'fresh (allowed: ' || allowed_days || ' days)' end,
       coalesce(message, 'as asked today')
  from ended
