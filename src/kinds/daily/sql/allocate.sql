-- Whole means: the day has its decision, its transactions lead from the balances to the positions token by token, no
-- cent came or went unseen, and the limits hold.
with run as (
  select coalesce(r.input ->> 'portfolio', 'paper') as portfolio, u.rows_due,
         least((p.parameters ->> 'max_alloc_percentage')::float8,
               (p.parameters ->> 'position_max_pct_total_assets')::float8) as max_position,
         least((p.parameters ->> 'tvl_limit_percentage')::float8,
               (p.parameters ->> 'position_max_pct_pool_tvl')::float8) as max_of_tvl,
         (p.parameters ->> 'pool_tvl_limit')::float8 as tvl_limit,
         (p.parameters ->> 'min_position_usd')::float8 as min_usd,
         (p.parameters ->> 'min_position_pct')::float8 as min_share,
         coalesce((p.parameters ->> 'icebox_convert')::boolean, false) as may_convert,
         array[(p.parameters ->> 'group1_max_pct')::float8, (p.parameters ->> 'group2_max_pct')::float8,
               (p.parameters ->> 'group3_max_pct')::float8] as group_shares
    from runs r
    left join units u on u.run_id = r.run_id and u.unit = 'allocate'
    left join allocation_parameters p on p.run_id = r.run_id
   where r.run_id = $1
),
decision as (
  select a.*, a.status in ('optimal', 'feasible') as solved
    from allocations a, run where a.dataset = $2 and a.portfolio = run.portfolio and a.date = $3 and a.run_id = $1
),
opening as (
  select b.pool_id, b.token_symbol as token, b.unallocated_balance + b.allocated_balance as amount, b.price_usd
    from daily_balances b, run where b.dataset = $2 and b.portfolio = run.portfolio and b.date = $3
),
closing as (
  select p.pool_id, p.token_symbol as token, p.amount, p.price_usd
    from allocation_positions p, run where p.dataset = $2 and p.portfolio = run.portfolio and p.date = $3
),
steps as (select * from asset_allocations where run_id = $1),
gas_paid as (
  select paid.key as token, paid.value::numeric as amount from steps, jsonb_each_text(steps.gas_paid) as paid
),
price as (
  select token, max(price_usd) as price_usd from (select * from opening union all select * from closing) known group by token
),
-- Every place and token: what was there, what the transactions did to it, what is there.
moved as (
  select pool_id, token, amount from opening
  union all select null, from_asset, -amount from steps where operation in ('CONVERSION', 'ALLOCATION')
  union all select null, to_asset, amount_received from steps where operation in ('CONVERSION', 'WITHDRAWAL')
  union all select pool_id, from_asset, -amount from steps where operation = 'WITHDRAWAL'
  union all select pool_id, to_asset, amount_received from steps where operation = 'ALLOCATION'
  union all select null, token, -amount from gas_paid
  union all select pool_id, token, -amount from closing
),
token_balance as (
  select count(*) filter (where rest <> 0) as wrong
    from (select sum(amount) as rest from moved group by pool_id, token) balance
),
money as (
  select coalesce((select sum(amount * price_usd) from opening), 0) as before,
         coalesce((select sum(amount * price_usd) from closing), 0) as after,
         coalesce((select sum(gas_cost_usd) from steps), 0) as gas,
         coalesce((select sum(conversion_cost_usd) from steps), 0) as conversion,
         coalesce((select sum(g.amount * p.price_usd) from gas_paid g left join price p using (token)), 0) as gas_paid
),
positions as (
  select c.pool_id, sum(c.amount * c.price_usd) as usd, coalesce(o.usd, 0) as before_usd, m.pool_group,
         coalesce(m.is_filtered_out, true) as is_filtered_out, m.forecasted_apy is null as late,
         (select f.forecasted_tvl from pool_daily_metrics f
           where f.dataset = $2 and f.pool_id = c.pool_id and f.date between $3::date - 3 and $3
             and f.forecasted_tvl is not null and f.forecasted_apy is not null
           order by f.date desc limit 1) as tvl
    from closing c
    left join (select pool_id, sum(amount * price_usd) as usd from opening group by pool_id) o using (pool_id)
    left join pool_daily_metrics m on m.dataset = $2 and m.pool_id = c.pool_id and m.date = $3
   where c.pool_id is not null
   group by c.pool_id, o.usd, m.pool_group, m.is_filtered_out, m.forecasted_apy
),
boxed as (select token_symbol as token from icebox_tokens where dataset = $2 and date = $3),
held as (
  select coalesce(sum(amount * price_usd), 0) as usd,
         coalesce(sum(amount * price_usd) filter (where token in (select token from boxed)), 0) as boxed_usd
    from closing
),
-- What was in the groups before, by the groups of today: none grows beyond its limit.
groups_before as (
  select case when m.pool_group in (1, 2) then m.pool_group else 3 end as number, sum(o.amount * o.price_usd) as usd
    from opening o
    left join pool_daily_metrics m on m.dataset = $2 and m.pool_id = o.pool_id and m.date = $3
   where o.pool_id is not null
   group by 1
),
taken as (
  select s.pool_id, sum(s.amount_usd) as usd,
         (select h.tvl from pool_history h where h.dataset = $2 and h.pool_id = s.pool_id and h.date < $3
           order by h.date desc limit 1) as tvl
    from steps s where s.operation = 'WITHDRAWAL' group by s.pool_id
),
-- A cent, and what the settling of roundings may add to it.
tolerance as (select 0.02::float8 as slack),
groups as (
  select case when pool_group in (1, 2) then pool_group else 3 end as number, sum(usd) as usd from positions group by 1
)
select 'rows' as name, 'block' as severity, (select count(*) from closing) = rows_due as passed,
       (select count(*) from closing)::text as observed, coalesce(rows_due, 0)::text as expected,
       'positions that are held after the day' as message
  from run
union all
select 'decision', 'block', count(*) = 1, count(*)::text, '1', 'the decision of this run is on record' from decision
union all
select 'built on the days before', 'block', not stale, case when stale then 'redone since' else 'as they are' end,
       'as they are', 'the days before, which this one continues' from decision
union all
select 'value', 'block', abs(after + gas + conversion - before) <= 0.01,
       round(after + gas + conversion, 6)::text, round(before, 6)::text,
       'dollars afterwards with what was paid, against dollars before'
  from money
union all
select 'recorded value', 'block',
       abs(d.value_before_usd - m.before) <= 0.01 and abs(d.value_after_usd - m.after) <= 0.01
         and abs(d.gas_usd - m.gas) <= 0.01 and abs(d.conversion_usd - m.conversion) <= 0.01,
       format('%s, %s, %s, %s', d.value_before_usd, d.value_after_usd, d.gas_usd, d.conversion_usd),
       format('%s, %s, %s, %s', round(m.before, 6), round(m.after, 6), m.gas, m.conversion),
       'before, after, gas and conversions of the decision, against the rows'
  from decision d, money m
union all
select 'tokens', 'block', wrong = 0, wrong::text, '0',
       'places where the transactions do not lead from the balances to the positions' from token_balance
union all
select 'gas is paid', 'block', abs(gas_paid - gas) <= 0.01, round(gas_paid, 6)::text, gas::text,
       'dollars that the wallet gave for gas' from money
union all
select 'steps are in order', 'block', coalesce(max(step_number), 0) = count(*), coalesce(max(step_number), 0)::text,
       count(*)::text, 'the last number of the transactions' from steps
union all
select 'only accepted pools', 'block', count(*) = 0, coalesce(string_agg(pool_id, ', '), 'none'), 'none',
       'pools that do not pass today and hold more than before'
  from positions, tolerance where is_filtered_out and usd > before_usd + slack
union all
select 'position limits', 'block', count(*) = 0, coalesce(string_agg(pool_id, ', '), 'none'), 'none',
       'pools that were paid into beyond a limit'
  from decision, run, tolerance, money, positions
 where solved
   and usd > slack + greatest(before_usd, least(max_position * before,
                               case when coalesce(tvl, 0) < tvl_limit then 0 else max_of_tvl * tvl end))
union all
select 'group limits', 'block', count(*) = 0, coalesce(string_agg(number::text, ', '), 'none'), 'none',
       'groups that grew beyond their limit'
  from decision cross join run cross join tolerance cross join money cross join groups
  left join groups_before b using (number)
 where solved and groups.usd > slack + greatest(group_shares[number] * before, coalesce(b.usd, 0))
union all
select 'nothing is taken that is not there', 'block', count(*) = 0, coalesce(string_agg(pool_id, ', '), 'none'), 'none',
       'pools that more was taken out of than they held when they were last looked at'
  from taken, tolerance where usd > tvl + slack
union all
select 'the icebox is not sold', 'block', count(*) = 0, coalesce(string_agg(distinct from_asset, ', '), 'none'), 'none',
       'tokens in the icebox that were converted'
  from steps, run where operation = 'CONVERSION' and not may_convert and from_asset in (select token from boxed)
union all
select 'smallest position', 'block', count(*) = 0, coalesce(string_agg(pool_id, ', '), 'none'), 'none',
       'pools opened with less than the smallest position'
  from run, tolerance, money, positions
 where before_usd = 0 and usd < greatest(min_usd, min_share * before) - slack
union all
select 'equal parts', 'block', count(*) = 0, coalesce(string_agg(pool_id, ', '), 'none'), 'none',
       'deposits of several tokens whose values differ'
  from tolerance, (select pool_id, max(amount_usd) - min(amount_usd) as spread
                 from steps where operation = 'ALLOCATION' group by pool_id) deposits
 where spread > slack
union all
select 'held against simpler rules', 'block', count(*) = 2, count(*)::text, '2',
       'the first allocation held and the weekly choice, carried to this day'
  from portfolio_comparisons c, run where c.dataset = $2 and c.portfolio = run.portfolio and c.date = $3
union all
select 'solved', 'warn', status = 'optimal', status || coalesce(': ' || why, ''), 'optimal',
       'a day without a solution keeps what it began with' from decision
union all
select 'icebox exposure', 'warn', coalesce(boxed_usd, 0) <= 0.1 * usd,
       format('$%s of $%s', round(boxed_usd), round(usd)), 'at most a tenth',
       'dollars in tokens that lost their peg: they are kept until they recover, and earn what their pools pay'
  from held
union all
select 'everything leaves that should', 'warn', count(*) = 0,
       coalesce(string_agg(format('%s ($%s)', s ->> 'poolId', round((s ->> 'usd')::numeric, 2)), ', '), 'none'), 'none',
       'pools that are to be left and do not hold what is in them, or not what leaving costs: tried again on the next day'
  from units, jsonb_array_elements(coalesce(detail -> 'stuck', '[]')) as s
 where run_id = $1 and unit = 'allocate'
union all
select 'pools held', 'warn', pools_held >= pools_wanted, pools_held::text, pools_wanted::text,
       'pools that the portfolio is spread over, against min_pools' from decision
union all
select 'forecasts are of today', 'warn', count(*) = 0, coalesce(string_agg(pool_id, ', '), 'none'), 'none',
       'pools held on a forecast of an earlier day' from positions where late
union all
select 'prices', 'warn', count(*) = 0, coalesce(string_agg(warning #>> '{}', '; '), 'none'), 'none',
       'prices of tokens and gas that are not of these days'
  from units, jsonb_array_elements(detail -> 'warnings') as warning
 where run_id = $1 and unit = 'allocate'
