-- What the portfolio and the rules it is held against brought since they began together: a return without deposits and
-- withdrawals, after costs, and the costs themselves. No row before the second day.
with compared as (
  select * from portfolio_comparisons where dataset = $1 and portfolio = $3 and date = $2 and since < $2
), days as (
  select a.date, a.value_after_usd as value, a.gas_usd + a.conversion_usd as cost,
         lag(a.value_after_usd) over (order by a.date)
           + coalesce((select sum(b.flow * b.price_usd) from daily_balances b
                        where b.dataset = a.dataset and b.portfolio = a.portfolio and b.date = a.date), 0) as start
    from allocations a
   where a.dataset = $1 and a.portfolio = $3 and a.date <= $2 and a.date >= (select min(since) from compared)
)
select 'own' as rule, (select min(since) from compared) as since,
       (exp(sum(ln(value / start))) - 1)::double precision as return, sum(cost)::double precision as "costUsd"
  from days
 where start > 0 and value > 0 and exists (select from compared)
having count(*) > 0
union all
select rule, since, (value_usd / start_usd - 1)::double precision, cost_usd::double precision
  from compared where start_usd > 0
