-- What a live data set saw first, in the columns of the table that it fills. Providers rewrite their history; here the value of
-- the earliest run date stays, with that date (`known_on`), and a run of day D fills its tables from what was known on D.
-- So a past day, run again, gives the same rows, whatever later days brought (docs/decisions/051-first-observation.md).
create table observed_pool_history (
  dataset   text not null,
  pool_id   text not null,
  date      date not null,
  apy       double precision not null,
  tvl       double precision not null,
  provider  text not null,                               -- the source in raw_responses it was read from
  known_on  date not null,                               -- the run date whose responses had it first
  primary key (dataset, pool_id, date)
);

create table observed_token_prices_daily (
  dataset   text not null,
  symbol    text not null,
  date      date not null,
  open      double precision,
  high      double precision,
  low       double precision,
  close     double precision not null,
  volume    double precision,
  provider  text not null,                               -- 'llama-coins': a candle made from hourly prices, not traded ones
  known_on  date not null,
  primary key (dataset, symbol, date)
);

create table observed_gas_fees_daily (
  dataset              text not null,
  date                 date not null,
  actual_avg_gas_gwei  double precision not null,
  provider             text not null,
  known_on             date not null,
  primary key (dataset, date)
);

create table observed_macroeconomic_data (
  dataset      text not null,
  series_id    text not null,
  date         date not null,
  value        double precision not null,
  series_name  text,
  frequency    text,
  provider     text not null,
  known_on     date not null,
  primary key (dataset, series_id, date)
);

-- Where a provider's later answer says something else of a day that was stored. Reported once, never followed.
create table observed_revisions (
  dataset     text not null,
  source      text not null,                             -- the table: 'pool_history', ...
  series      text not null,                             -- pool, symbol or series; '' where the table has one
  date        date not null,
  kept        jsonb not null,                            -- figures that stay
  offered     jsonb,                                     -- figures of the newest answer; null: the day is missing in it
  noticed_on  date not null,                             -- the run date that had this answer first
  primary key (dataset, source, series, date)
);
