-- Tokens in no pool: what the day began with (date $2) and what is left since the decision of day $4.
with opened as (
  select token_symbol, unallocated_balance as amount, unallocated_balance * price_usd as usd, price_usd, price_date
    from daily_balances
   where dataset = $1 and date = $2 and portfolio = $3 and pool_id is null
), held as (
  select token_symbol, amount, amount * price_usd as usd, price_usd
    from allocation_positions
   where dataset = $1 and date = $4 and portfolio = $3 and pool_id is null
)
select token_symbol as token,
       coalesce(opened.usd, 0)::double precision as "beforeUsd",
       coalesce(held.usd, 0)::double precision as "afterUsd",
       coalesce(held.amount, 0)::double precision as amount,
       coalesce(held.price_usd, opened.price_usd)::double precision as "priceUsd"
  from opened full join held using (token_symbol)
 order by coalesce(held.usd, 0) desc, token_symbol
