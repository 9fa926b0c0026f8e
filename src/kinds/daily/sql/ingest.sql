-- Whole means: every table holds at least the rows that the source has up to the run date, every figure is finite. Rows
-- that the source no longer has went with the same transaction; how many, and what looks odd, is said here.
-- What is due was counted by the job from the source; what is found is counted here from the tables.
with due as (
  select d.key as source, d.value::bigint as rows
    from units, jsonb_each_text(detail -> 'due') as d
   where run_id = $1 and unit = 'ingest'
),
found as (
  select 'pools' as source, count(*) as rows from pools where dataset = $2 and is_active
  union all select 'pool_history', count(*) from pool_history where dataset = $2 and date <= $3
  union all select 'token_prices_daily', count(*) from token_prices_daily where dataset = $2 and date <= $3
  union all select 'gas_fees_daily', count(*) from gas_fees_daily
             where dataset = $2 and date <= $3 and change_seq > 0   -- 0 is a forecast alone
  union all select 'macroeconomic_data', count(*) from macroeconomic_data where dataset = $2 and date <= $3
  union all select 'portfolio_transactions', count(*) from portfolio_transactions where dataset = $2 and date <= $3
),
newest as (
  select 'pool history' as series, max(date) as day, 1 as may_lag from pool_history where dataset = $2 and date <= $3
  union all select 'gas fees', max(date), 3 from gas_fees_daily
             where dataset = $2 and date <= $3 and change_seq > 0
  union all select min(symbol) || ' price', max(date), 3
              from token_prices_daily where dataset = $2 and date <= $3 group by lower(symbol)
)
select 'rows' as name, 'block' as severity,
       coalesce(bool_and(found.rows >= due.rows), false) as passed,
       sum(found.rows)::text as observed, coalesce(sum(due.rows), 1)::text as expected,
       'rows loaded against rows in the source' as message
  from due join found using (source)
union all
select source || ' rows', 'block', found.rows >= due.rows, found.rows::text, due.rows::text,
       'rows up to the run date against the source'
  from due join found using (source)
union all
select 'history is there', 'block', found.rows > 0, found.rows::text, 'at least 1', 'an empty source blocks'
  from found where source = 'pool_history'
union all
select 'finite figures', 'block', count(*) = 0, count(*)::text, '0',
       'history rows whose APY or TVL is not a finite number'
  from pool_history
 where dataset = $2 and date <= $3
   and not (apy > '-infinity' and apy < 'infinity' and tvl >= 0 and tvl < 'infinity')
union all
select 'fresh: ' || series, 'warn', day >= $3::date - may_lag, coalesce(day::text, 'nothing'),
       '>= ' || ($3::date - may_lag)::text, 'newest day of the source; a stablecoin''s older price counts 1.0, prices and gas are repeated for 7 days at most'
  from newest
union all
select 'taken back: ' || r.key, 'info', true, r.value, '', 'rows that the source no longer has: they went with this ingest'
  from units, jsonb_each_text(coalesce(detail -> 'removed', '{}')) as r
 where run_id = $1 and unit = 'ingest' and r.value <> '0'
union all
select 'remark ' || w.number, 'warn', false, 'remark', 'none', w.remark
  from units, jsonb_array_elements_text(coalesce(detail -> 'warnings', '[]')) with ordinality as w (remark, number)
 where run_id = $1 and unit = 'ingest' and w.number <= 10
