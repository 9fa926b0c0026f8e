-- What each staged row would do to the table: compared once, so that what is counted is what is written.
create temp table compared_prices on commit drop as
select s.commodity, s.date, s.known_at, s.is_trading_day, s.close, s.covariates::jsonb as covariates,
       case
         when p.commodity is null and (s.nth > 1 or exists (
                select 1 from prices v where v.commodity = s.commodity and v.date = s.date)) then 'version'
         when p.commodity is null then 'new'
         when (p.is_trading_day, p.close, p.covariates)
              is distinct from (s.is_trading_day, s.close, s.covariates::jsonb) then 'revised'
         else 'unchanged'
       end as change
  from (select *, row_number() over (partition by commodity, date order by known_at) as nth
          from staged_prices) s
  left join prices p using (commodity, date, known_at)
