-- Whole means: every pool that the pre-filter let pass has its verdict and every rejected one its reasons, and the
-- balances of the day are what the allocation before left, with the yield, the deposits and the withdrawals since; those of an
-- on-chain portfolio are the chain's, and lead on from what it said on the day before.
with run as (
  select coalesce(r.input ->> 'portfolio', 'paper') as portfolio, u.detail,
         (p.parameters ->> 'pool_tvl_limit')::float8 as tvl_limit,
         (p.parameters ->> 'pool_apy_limit')::numeric * 100 as apy_limit,
         -- runs from before these settings took every APY for true
         coalesce((p.parameters ->> 'pool_apy_max')::float8 * 100, 'infinity') as apy_max,
         coalesce((p.parameters ->> 'pool_apy_jump_times')::float8, 'infinity') as jump_times,
         coalesce((p.parameters ->> 'pool_apy_jump_floor')::float8 * 100, 'infinity') as jump_floor,
         coalesce((p.parameters ->> 'pool_apy_book_implausible')::boolean, true) as books_all
    from runs r
    left join units u on u.run_id = r.run_id and u.unit = 'filter'
    left join allocation_parameters p on p.run_id = r.run_id
   where r.run_id = $1
),
judged as (
  select p.pool_id, m.prefilter_reason, m.filter_reason, m.is_filtered_out, p.currently_filtered_out,
         m.forecasted_apy, m.forecasted_tvl
    from pools p join pool_daily_metrics m on m.dataset = p.dataset and m.pool_id = p.pool_id and m.date = $3
   where p.dataset = $2 and p.is_active
),
due as (
  select count(*) as rows,
         -- who was not judged has no reason, but no forecast either
         count(*) filter (where filter_reason is not null
                             or (forecasted_apy is not null and forecasted_tvl is not null)) as found
    from judged where prefilter_reason is null
),
previous as (
  select max(a.date) as date from allocations a, run
   where a.dataset = $2 and a.portfolio = run.portfolio and a.date < $3
),
balances as (
  select b.* from daily_balances b, run
   where b.dataset = $2 and b.portfolio = run.portfolio and b.date = $3
),
carried as (
  select coalesce(b.carried, 0) as found, coalesce(p.amount, 0) as due
    from balances b
    full join (select p.pool_id, p.token_symbol, p.amount from allocation_positions p, run, previous
                where p.dataset = $2 and p.portfolio = run.portfolio and p.date = previous.date
                  and run.portfolio <> 'onchain'
               union all
               select o.pool_id, o.token_symbol, o.unallocated_balance + o.allocated_balance from daily_balances o, run
                where o.dataset = $2 and run.portfolio = 'onchain' and o.portfolio = run.portfolio
                  and o.date = (select max(e.date) from daily_balances e
                                 where e.dataset = $2 and e.portfolio = 'onchain' and e.date < $3)
                  and o.unallocated_balance + o.allocated_balance > 0) p
      on p.token_symbol = b.token_symbol and p.pool_id is not distinct from b.pool_id
),
flows as (
  select coalesce(b.token, t.token) as token, coalesce(b.flow, 0) as found, coalesce(t.flow, 0) as due
    from (select lower(token_symbol) as token, sum(flow) as flow from balances group by 1) b
    full join (select token, sum(flow) as flow
                 from (select lower(f.token) as token,
                              case f.direction when 'in' then f.amount else -f.amount end as flow
                         from portfolio_transactions f, previous
                        where f.dataset = $2 and f.date < $3 and (previous.date is null or f.date >= previous.date)
                       union all
                       select 'usdc', 1000000 from previous where date is null) posted
                group by token) t using (token)
   where (select portfolio from run) <> 'onchain'
),
-- The yield reckoned a second time, day by day; a position that money was taken out of on the way is left out.
grown as (
  with recursive days as (
    select b.pool_id, b.token_symbol, b.accrued, round(b.carried, 30) as amount, previous.date as day
      from balances b, previous
     where b.pool_id is not null and b.flow = 0 and b.carried > 0 and (select portfolio from run) <> 'onchain'
    union all
    select d.pool_id, d.token_symbol, d.accrued,
           round(d.amount * (1 + coalesce(
             -- what no pool pays is booked as the pool's usual APY
             case when run.books_all or abs(m.actual_apy) <= run.apy_max
                       and (past.usual is null
                            or abs(m.actual_apy) <= greatest(run.jump_floor, run.jump_times * abs(past.usual)))
                  then m.actual_apy
                  when m.actual_apy is not null then coalesce(past.usual, 0) end, 0)::numeric / 36500), 30),
           d.day + 1
      from days d
      cross join run
      left join pool_daily_metrics m on m.dataset = $2 and m.pool_id = d.pool_id and m.date = d.day
      left join lateral (
        select percentile_cont(0.5) within group (order by h.apy) as usual from pool_history h
         where h.dataset = $2 and h.pool_id = d.pool_id and h.date < d.day and h.date >= d.day - 30
        having count(*) >= 7) past on true
     where d.day < $3
  )
  select count(*) filter (where abs(b.carried + d.accrued - d.amount) > 1e-9 + 1e-9 * d.amount) as wrong
    from days d join balances b on b.pool_id = d.pool_id and b.token_symbol = d.token_symbol
   where d.day = $3
)
select 'rows' as name, 'block' as severity, due.found = due.rows as passed, due.found::text as observed,
       due.rows::text as expected, 'pools with a verdict of the final filter' as message
  from due
union all
select 'every rejection has a reason', 'block', count(*) = 0, count(*)::text, '0',
       'pools whose flag and reasons do not agree'
  from judged where is_filtered_out <> (coalesce(filter_reason, '') <> '')
union all
select 'both filters count', 'block', count(*) = 0, count(*)::text, '0',
       'pools that the pre-filter rejected, with another verdict'
  from judged where prefilter_reason is not null and (not is_filtered_out or filter_reason is distinct from prefilter_reason)
union all
select 'limits hold', 'block', count(*) = 0, count(*)::text, '0',
       'pools that passed although their forecast is beyond a limit'
  from judged, run
 where not is_filtered_out
   and (forecasted_tvl < tvl_limit or forecasted_apy < apy_limit or forecasted_apy > apy_max)
union all
select 'flags agree', 'block', count(*) = 0, count(*)::text, '0', 'pools whose own flag differs from that of the day'
  from judged where is_filtered_out <> currently_filtered_out
   -- the flag of the pool itself follows the newest day that was judged
   and not exists (select 1 from pool_daily_metrics l
                    where l.dataset = $2 and l.pool_id = judged.pool_id and l.date > $3)
union all
select 'pools passed', 'warn', count(*) > 0, count(*)::text, 'at least 1', 'pools that money may go into'
  from judged where not is_filtered_out
union all
select 'carried over', 'block', coalesce(bool_and(found = due), true), coalesce(sum(found), 0)::text,
       coalesce(sum(due), 0)::text, 'tokens that the allocation before left, all of them in their places'
  from carried
union all
select 'deposits and withdrawals', 'block', coalesce(bool_and(found = due), true), coalesce(sum(found), 0)::text,
       coalesce(sum(due), 0)::text, 'tokens that came and went since, by transactions.csv or as the opening'
  from flows
union all
select 'yield', 'block', wrong = 0, wrong::text, '0', 'positions whose yield is not that of the days since' from grown
union all
select 'asked of the chain', 'block', detail -> 'onchain' ->> 'block' is not null,
       coalesce('block ' || (detail -> 'onchain' ->> 'block'), 'no block'), 'a block', 'the block that all balances are of'
  from run where portfolio = 'onchain'
union all
select 'reconciled', 'warn',
       detail -> 'onchain' ->> 'unreconciled' is null and detail -> 'onchain' -> 'unexplained' = '[]'::jsonb,
       coalesce('not reconciled: ' || (detail -> 'onchain' ->> 'unreconciled'),
                case when detail -> 'onchain' -> 'unexplained' = '[]'::jsonb then 'reconciled'
                     else 'unexplained: ' || (select string_agg(format('%s %s', u ->> 'amount', u ->> 'token'), ', ')
                                                from jsonb_array_elements(detail -> 'onchain' -> 'unexplained') as u) end),
       'reconciled', 'the books of the day before, what moved since and what pools earned, against the chain'
  from run where portfolio = 'onchain'
union all
select 'prices', 'warn', count(*) = 0, coalesce(string_agg(distinct token_symbol, ', '), 'none'), 'none',
       'tokens whose price is missing or stale: those with a peg count 1.0, others nothing, and stay untouched'
  from balances where price_date is null
union all
select 'warnings', 'warn', jsonb_array_length(coalesce(detail -> 'warnings', '[]')) = 0,
       coalesce(detail -> 'warnings' ->> 0, 'none'), 'none',
       format('%s things are odd about the balances of the day', jsonb_array_length(coalesce(detail -> 'warnings', '[]')))
  from run
