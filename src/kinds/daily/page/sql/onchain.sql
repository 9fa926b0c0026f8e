-- What the wallets held when day $2 began, place by place, and what the allocation before had proposed.
with opened as (
  select pool_id, token_symbol, carried, flow, accrued, unallocated_balance + allocated_balance as amount
    from daily_balances where dataset = $1 and portfolio = 'onchain' and date = $2
), before as (
  select max(date) as date from allocations where dataset = $1 and portfolio = 'onchain' and date < $2
), proposed as (
  select pool_id, token_symbol, amount from allocation_positions, before
   where dataset = $1 and portfolio = 'onchain' and allocation_positions.date = before.date
)
select coalesce(o.pool_id, p.pool_id) as "poolId",
       (select symbol from pools where dataset = $1 and pool_id = coalesce(o.pool_id, p.pool_id)) as symbol,
       coalesce(o.token_symbol, p.token_symbol) as token,
       coalesce(o.carried, 0)::double precision as booked,
       coalesce(o.flow, 0)::double precision as moved,
       coalesce(o.accrued, 0)::double precision as earned,
       coalesce(o.amount, 0)::double precision as "onChain",
       case when before.date is not null then coalesce(p.amount, 0)::double precision end as proposed
  from opened o
  full join proposed p on p.pool_id is not distinct from o.pool_id and p.token_symbol = o.token_symbol
 cross join before
 order by 1 nulls first, 3
