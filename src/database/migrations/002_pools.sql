-- The pool pipeline's data, phases prepare to metrics. `dataset` leads every key: data sets never mix.
-- Units: apy in percent points a year, tvl and prices in US dollars, gas in gwei. Dates are UTC days.
-- Figures are double precision, rounded by the job that writes them (docs/decisions): statistics are not money.

-- Every row that a source brings carries the number of the change that last altered it, so that a fingerprint and
-- an increment need no look at the values: a row that did not change keeps its number.
create sequence change_seq;

create table datasets (
  dataset     text primary key,                          -- 'sample', 'files/<folder>', with '+parity'
  source      text not null check (source in ('sample', 'files')),
  path        text,                                      -- the folder, for files
  parity      boolean not null default false,
  created_at  timestamptz not null default now()
);

-- The settings a run worked with, taken once at its start (config/pools) and read by run_id ever after.
create table allocation_parameters (
  run_id                        uuid primary key references runs (run_id) on delete cascade,
  "timestamp"                   timestamptz not null default now(),
  parameters                    jsonb not null,
  approved_tokens_snapshot      jsonb not null,          -- [{token_symbol, token_address}]
  blacklisted_tokens_snapshot   jsonb not null,          -- [{token_symbol}]
  approved_protocols_snapshot   jsonb not null,          -- [{protocol_name}]
  icebox_tokens_snapshot        jsonb not null default '[]'
);

create table pools (
  dataset                     text not null,
  pool_id                     text not null,
  name                        text,
  chain                       text,                      -- null where the source has none: phase prefilter says so
  protocol                    text,
  symbol                      text,
  tvl                         double precision,
  apy                         double precision,
  pool_address                text,
  underlying_tokens           text[] not null default '{}',
  underlying_token_addresses  text[] not null default '{}',   -- same order; '' where the source has none
  poolmeta                    text,
  is_active                   boolean not null default true,
  currently_filtered_out      boolean not null default false,
  last_updated                timestamptz not null default now(),
  change_seq                  bigint not null,
  primary key (dataset, pool_id)
);

create table pool_history (
  dataset     text not null,
  pool_id     text not null,
  date        date not null,
  apy         double precision not null,
  tvl         double precision not null check (tvl >= 0),
  change_seq  bigint not null,
  primary key (dataset, pool_id, date)
);
-- What is newer than what the metrics know, and the newest change at all, without a look at every row.
create index pool_history_change on pool_history (dataset, change_seq);

create table token_prices_daily (
  dataset     text not null,
  symbol      text not null,
  date        date not null,
  open        double precision,
  high        double precision,
  low         double precision,
  close       double precision not null,
  volume      double precision,
  change_seq  bigint not null,
  primary key (dataset, symbol, date)
);

create table gas_fees_daily (
  dataset                  text not null,
  date                     date not null,
  actual_avg_gas_gwei      double precision,
  forecasted_avg_gas_gwei  double precision,
  actual_max_gas_gwei      double precision,
  forecasted_max_gas_gwei  double precision,
  eth_open                 double precision,
  btc_open                 double precision,
  change_seq               bigint not null,
  primary key (dataset, date)
);

create table macroeconomic_data (
  dataset      text not null,
  series_id    text not null,
  date         date not null,
  value        double precision not null,
  series_name  text,
  frequency    text,
  change_seq   bigint not null,
  primary key (dataset, series_id, date)
);

-- The paper portfolio's deposits and withdrawals, from transactions.csv.
create table portfolio_transactions (
  dataset     text not null,
  line        integer not null,                          -- of the file, 1 for the first row below the header
  date        date not null,
  token       text not null,
  amount      numeric(38, 18) not null check (amount > 0),   -- token units
  direction   text not null check (direction in ('in', 'out')),
  change_seq  bigint not null,
  primary key (dataset, line)
);

create table pool_daily_metrics (
  dataset                    text not null,
  pool_id                    text not null,
  date                       date not null,
  actual_apy                 double precision,           -- filled forward, at most 7 days (parity: without limit)
  forecasted_apy             double precision,
  actual_tvl                 double precision,           -- the observation, not filled
  forecasted_tvl             double precision,
  eth_open                   double precision,
  btc_open                   double precision,
  gas_price_gwei             double precision,
  is_filtered_out            boolean not null default false,
  filter_reason              text,
  rolling_apy_7d             double precision,
  rolling_apy_30d            double precision,
  apy_delta_today_yesterday  double precision,
  stddev_apy_7d              double precision,
  stddev_apy_30d             double precision,
  stddev_apy_7d_delta        double precision,
  stddev_apy_30d_delta       double precision,
  pool_group                 integer check (pool_group between 1 and 4),
  stale_days                 integer,                    -- days since the observation that actual_apy repeats; 0 on its own day
  metrics_version            integer,                    -- RESULT_VERSION of the job; null on a row that only the pre-filter wrote
  primary key (dataset, pool_id, date)
);
create index pool_daily_metrics_date on pool_daily_metrics (dataset, date);

-- Up to which change the metrics of a data set are computed, and with which rules; the increment starts there.
create table pool_metrics_state (
  dataset          text primary key,
  metrics_version  integer not null,
  change_seq       bigint not null,                      -- the newest change of history, prices and gas that is in the metrics
  first_date       date not null,
  last_date        date not null,
  updated_at       timestamptz not null default now()
);

-- Approved tokens in the icebox on run date `date`, replayed from the daily candles up to the day before.
create table icebox_tokens (
  dataset       text not null,
  date          date not null,
  token_symbol  text not null,
  since         date not null,
  reason        text not null,
  primary key (dataset, date, token_symbol)
);
