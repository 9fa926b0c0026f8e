-- Whole means: it is on record what became of the proposal that the run's transactions are now.
with proposal as (
  select a.state, a.decided_by, a.reason
    from approvals a
   where a.run_id = $1 and $2::text is not null and $3::date is not null
     and a.proposal = (
       select coalesce(md5(string_agg(md5((step_number, operation, pool_id, from_asset, to_asset, amount)::text), ''
                                      order by step_number)), 'none')
         from asset_allocations where run_id = $1 and operation <> 'HOLD')
)
select 'rows' as name, 'block' as severity, count(*) filter (where state <> 'waiting') = 1 as passed,
       count(*) filter (where state <> 'waiting')::text as observed, '1' as expected,
       'the decision about the proposal' as message
  from proposal
union all
select 'approved', 'warn', state in ('approved', 'empty'), state, 'approved',
       case state when 'rejected' then 'rejected' || coalesce(' by ' || decided_by, '') || ': ' || reason
                  when 'expired' then 'nobody decided before the day was over'
                  else 'what a person said of the transactions' end
  from proposal
