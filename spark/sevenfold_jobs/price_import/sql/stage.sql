create temp table staged_prices (
  commodity       text not null,
  date            date not null,
  known_at        date not null,
  is_trading_day  boolean not null,
  close           double precision not null,
  covariates      text not null,                     -- JSON: binary COPY has no jsonb here
  carried_from    date,                              -- a closed day that the file leaves out carries this day's close
  is_between      boolean not null default false     -- closed day between the file and what is stored
) on commit drop
