-- Covariates that the file does not have stay as they are.
insert into prices as p (commodity, date, known_at, is_trading_day, close, covariates)
select commodity, date, known_at, is_trading_day, close, covariates::jsonb
  from staged_prices
 where change <> 'unchanged'
    on conflict (commodity, date, known_at) do update
   set is_trading_day = excluded.is_trading_day, close = excluded.close, imported_at = excluded.imported_at,
       covariates = case when (select s.is_between from staged_prices s
                                where s.commodity = excluded.commodity and s.date = excluded.date
                                  and s.known_at = excluded.known_at)
                         then p.covariates else p.covariates || excluded.covariates end
