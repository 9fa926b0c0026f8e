-- What is held since the decision of day $4 in tokens that are in the icebox on the run date $2, in dollars.
select coalesce(sum(p.amount * p.price_usd), 0)::double precision as usd,
       coalesce(sum(p.amount * p.price_usd) filter (where p.pool_id is null), 0)::double precision as "idleUsd",
       coalesce(array_agg(distinct p.token_symbol order by p.token_symbol), '{}') as tokens
  from allocation_positions p
  join icebox_tokens i on i.dataset = p.dataset and i.date = $2 and i.token_symbol = p.token_symbol
 where p.dataset = $1 and p.portfolio = $3 and p.date = $4
