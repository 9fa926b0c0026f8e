-- What a number or a day of a source may be, the same as at the door (spark/sevenfold_jobs/common/bounds.py; a test reads
-- both). `not valid`: what was stored before stays until its source brings it again. Days have hard floors here; the first
-- days of config/bounds.json are never before them, and "not after today" is the door's alone.
alter table pools
  add constraint pools_tvl_bounds check (tvl between 0 and 1e13) not valid,
  add constraint pools_apy_bounds check (apy between -1e4 and 1e7) not valid;
alter table pool_history
  add constraint pool_history_tvl_bounds check (tvl between 0 and 1e13) not valid,
  add constraint pool_history_apy_bounds check (apy between -1e4 and 1e7) not valid,
  add constraint pool_history_date_bounds check (date >= '2009-01-03') not valid;
alter table token_prices_daily
  add constraint token_prices_daily_open_bounds check (open between 0 and 1e9) not valid,
  add constraint token_prices_daily_high_bounds check (high between 0 and 1e9) not valid,
  add constraint token_prices_daily_low_bounds check (low between 0 and 1e9) not valid,
  add constraint token_prices_daily_close_bounds check (close between 1e-8 and 1e9) not valid,
  add constraint token_prices_daily_volume_bounds check (volume between 0 and 1e18) not valid,
  add constraint token_prices_daily_date_bounds check (date >= '2009-01-03') not valid;
alter table gas_fees_daily
  add constraint gas_fees_daily_actual_avg_gas_gwei_bounds check (actual_avg_gas_gwei between 0 and 1e5) not valid,
  add constraint gas_fees_daily_date_bounds check (date >= '2009-01-03') not valid;
alter table macroeconomic_data
  add constraint macroeconomic_data_value_bounds check (value between -1e15 and 1e15) not valid,
  add constraint macroeconomic_data_date_bounds check (date >= '1700-01-01') not valid;
alter table portfolio_transactions
  add constraint portfolio_transactions_amount_bounds check (amount between 1e-18 and 1e12) not valid,
  add constraint portfolio_transactions_date_bounds check (date >= '2009-01-03') not valid;
alter table prices
  add constraint prices_close_bounds check (close between -1e12 and 1e12) not valid,
  add constraint prices_date_bounds check (date >= '1700-01-01') not valid;

-- Dollars of what passes the door: a trillion tokens at a billion dollars, and many lines of them.
alter table allocations
  alter column objective_usd type numeric(38, 6),
  alter column value_before_usd type numeric(38, 6),
  alter column value_after_usd type numeric(38, 6),
  alter column gas_usd type numeric(38, 6),
  alter column conversion_usd type numeric(38, 6);
alter table asset_allocations
  alter column amount_usd type numeric(38, 6),
  alter column gas_cost_usd type numeric(38, 6),
  alter column conversion_cost_usd type numeric(38, 6),
  alter column total_cost_usd type numeric(38, 6);
alter table allocation_parameters
  alter column transaction_costs type numeric(38, 2);

-- Rows that a source had and no longer has, by the change that took them: a fingerprint or an increment would not see
-- otherwise that something went. A row that comes back has a number of its own again; what stands here of it stays.
create table removed_rows (
  dataset     text not null,
  source      text not null,                             -- 'pool_history', 'token_prices_daily', …
  series      text not null,                             -- pool, symbol or series; '' where the table has one
  date        date not null,
  change_seq  bigint not null,
  primary key (dataset, source, series, date)
);
create index removed_rows_change on removed_rows (dataset, change_seq);
