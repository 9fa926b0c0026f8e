insert into prices (commodity, date, known_at, is_trading_day, close, covariates)
select commodity, date, known_at, is_trading_day, close, covariates
  from compared_prices
 where change <> 'unchanged'
    on conflict (commodity, date, known_at) do update
   set is_trading_day = excluded.is_trading_day, close = excluded.close, covariates = excluded.covariates,
       imported_at = excluded.imported_at
