-- The second half of the daily pipeline: forecasts, the portfolio's ledger, allocations, notifications, alerts.
-- Units as in 002. Amounts of tokens and money are numeric: they are counted, not estimated.

-- The two filters keep their verdicts apart, so that each can be made again without the other: `filter_reason` and
-- `is_filtered_out` are what both say.
alter table pool_daily_metrics add column prefilter_reason text;
update pool_daily_metrics set prefilter_reason = filter_reason where filter_reason is not null;

-- A gas row may be a forecast alone; its change number is 0 then, so that no fingerprint moves because of it.
alter table gas_fees_daily
  add column forecasted_avg_gas_q10_gwei double precision,
  add column forecasted_avg_gas_q90_gwei double precision,
  add column forecasted_max_gas_q10_gwei double precision,
  add column forecasted_max_gas_q90_gwei double precision;

-- The forecast made at the run of `date` for the value of `date`, from what was known at the end of `asof`.
-- The medians stand in pool_daily_metrics as forecasted_apy and forecasted_tvl too.
create table pool_forecasts (
  dataset         text not null,
  pool_id         text not null,
  date            date not null,
  asof            date not null,
  method          text not null check (method in ('model', 'cold_start')),
  asof_apy        double precision not null,             -- persistence: what "same as yesterday" says
  asof_tvl        double precision not null,
  mean_apy_7d     double precision not null,             -- what the 7-day mean says
  forecasted_apy  double precision not null check (forecasted_apy >= 0),
  forecasted_tvl  double precision not null check (forecasted_tvl >= 0),
  tvl_q10         double precision not null,
  tvl_q90         double precision not null,
  primary key (dataset, pool_id, date),
  check (asof < date)
);
create index pool_forecasts_date on pool_forecasts (dataset, date);

-- The fan: quantiles of the APY `horizon_days` days after `asof`; 1 is the run date itself.
create table pool_forecast_quantiles (
  dataset       text not null,
  pool_id       text not null,
  date          date not null,
  horizon_days  integer not null check (horizon_days between 1 and 30),
  apy_q10       double precision not null,
  apy_q50       double precision not null,
  apy_q90       double precision not null,
  primary key (dataset, pool_id, date, horizon_days),
  check (0 <= apy_q10 and apy_q10 <= apy_q50 and apy_q50 <= apy_q90)
);
create index pool_forecast_quantiles_date on pool_forecast_quantiles (dataset, date);

-- How each of a day's models was fitted: its data, what was chosen on past days, and what that was worth there.
create table pool_forecast_models (
  dataset          text not null,
  date             date not null,
  target           text not null check (target in ('apy', 'tvl', 'gas_avg', 'gas_max')),
  model            text not null,                        -- what it is, in one word: 'lightgbm', 'median'
  model_hash       text,                                 -- sha256 of the booster's text
  shrink           double precision,                     -- the share of the model's change that is believed
  rows             integer not null,                     -- training rows
  features         integer not null,
  first_asof       date not null,
  last_asof        date not null,                        -- the newest day whose target was known
  mae_model        double precision,                     -- on the past days held out, in the unit of the target
  mae_persistence  double precision,
  detail           jsonb not null default '{}',
  primary key (dataset, date, target)
);

-- A walk-forward evaluation: each day refitted as production would, then held against what came.
create table forecast_evaluation_days (
  run_id           uuid not null references runs (run_id) on delete cascade,
  date             date not null,                        -- the day forecast
  population       text not null check (population in ('passing', 'all')),
  pools            integer not null,
  mae_model        double precision not null,            -- percent points, like those below
  mae_persistence  double precision not null,
  mae_mean_7d      double precision not null,
  coverage_80      double precision not null,            -- share of actual values between q10 and q90
  shrink           double precision not null,
  tvl_mdape_model        double precision,               -- median relative error of the TVL
  tvl_mdape_persistence  double precision,
  primary key (run_id, population, date)
);

-- What the portfolio holds when day `date` begins: the allocation of the day before, with the yield since and the
-- deposits and withdrawals since. A row is either idle (pool_id null) or in a pool.
create table daily_balances (
  dataset              text not null,
  portfolio            text not null,
  date                 date not null,
  token_symbol         text not null,
  pool_id              text,
  wallet_address       text,                             -- of idle tokens where a chain holds them; paper has none
  unallocated_balance  numeric(38, 18) not null default 0 check (unallocated_balance >= 0),
  allocated_balance    numeric(38, 18) not null default 0 check (allocated_balance >= 0),
  carried              numeric(38, 18) not null,         -- of the balance: from the allocation before
  accrued              numeric(38, 18) not null,         -- of the balance: yield since then
  flow                 numeric(38, 18) not null,         -- of the balance: deposits less withdrawals, or the opening
  price_usd            numeric(20, 8) not null,          -- of one token on this day
  price_date           date,                             -- of that price; null where 1.0 stands in for a missing or stale one
  constraint daily_balances_key unique nulls not distinct (dataset, portfolio, date, token_symbol, pool_id),
  constraint daily_balances_sum check (unallocated_balance + allocated_balance = carried + accrued + flow),
  constraint daily_balances_place check (case when pool_id is null then allocated_balance else unallocated_balance end = 0)
);

-- One decision a day. A day without a solution keeps what it began with and says so.
create table allocations (
  dataset               text not null,
  portfolio             text not null,
  date                  date not null,
  run_id                uuid not null references runs (run_id) on delete cascade,
  status                text not null check (status in ('optimal', 'feasible', 'infeasible', 'failed')),
  why                   text,                            -- of a day that is not optimal, in one line
  gap                   double precision,                -- of the solution to the best bound, relative; 0 is proven
  objective_usd         numeric(20, 6),                  -- expected yield over the horizon less the costs
  value_before_usd      numeric(24, 6) not null,         -- assets at today's prices
  value_after_usd       numeric(24, 6) not null,         -- the same, after the costs below
  gas_usd               numeric(20, 6) not null default 0,
  conversion_usd        numeric(20, 6) not null default 0,
  projected_apy         double precision,                -- dollar-weighted forecast of what is in pools, percent points
  horizon_days          integer not null,
  candidates            integer not null,
  variables             integer not null default 0,
  constraints           integer not null default 0,
  solve_seconds         double precision,
  solver                text,
  eth_price_usd         double precision,
  gas_gwei              double precision,                -- the base fee that the costs were reckoned with
  pools_wanted          integer not null default 0,      -- min_pools
  pools_held            integer not null default 0,
  previous_date         date,                            -- of the allocation this day began with; null on the first day
  stale                 boolean not null default false,  -- a day before it was redone since
  decided_at            timestamptz not null default now(),
  primary key (dataset, portfolio, date)
);

-- What the portfolio holds after the day's transactions; pool_id null is the wallet. The next day begins here.
create table allocation_positions (
  dataset       text not null,
  portfolio     text not null,
  date          date not null,
  pool_id       text,
  token_symbol  text not null,
  amount        numeric(38, 18) not null check (amount > 0),
  price_usd     numeric(20, 8) not null,
  constraint allocation_positions_key unique nulls not distinct (dataset, portfolio, date, pool_id, token_symbol)
);

-- The day's transactions in the order in which they are to be made.
create table asset_allocations (
  run_id               uuid not null references runs (run_id) on delete cascade,
  step_number          integer not null,
  "timestamp"          timestamptz not null default now(),
  operation            text not null check (operation in ('HOLD', 'WITHDRAWAL', 'CONVERSION', 'ALLOCATION')),
  from_location        text,                             -- 'warm_wallet' or a pool
  to_location          text,
  from_asset           text not null,
  to_asset             text not null,
  amount               numeric(38, 18) not null check (amount > 0),   -- of from_asset
  amount_received      numeric(38, 18) not null check (amount_received > 0),   -- of to_asset
  amount_usd           numeric(24, 6) not null,
  pool_id              text,
  gas_cost_usd         numeric(20, 6) not null default 0,
  conversion_cost_usd  numeric(20, 6) not null default 0,
  total_cost_usd       numeric(20, 6) not null default 0,
  gas_paid             jsonb not null default '{}',      -- {token: amount}: what the wallet gave for the gas, beside the amount
  primary key (run_id, step_number)
);

alter table allocation_parameters
  add column projected_apy         double precision,
  add column transaction_costs     numeric(20, 2),
  add column transaction_sequence  jsonb;

-- What left the machine about a run: at most one message an outcome, whatever is retried.
create table notifications (
  run_id      uuid not null references runs (run_id) on delete cascade,
  outcome     text not null,                             -- 'complete', 'infeasible', 'failed'
  channel     text not null,                             -- 'slack'
  state       text not null check (state in ('sending', 'sent', 'unconfirmed', 'refused')),
  tries       integer not null default 1,
  problem     text,
  claimed_at  timestamptz not null default now(),
  sent_at     timestamptz,
  primary key (run_id, outcome, channel)
);

-- The schedules that are applied, for whoever must judge their runs while Temporal cannot be asked.
create table schedules (
  id           text primary key,
  spec         jsonb not null,                           -- the entry of config/schedules.json, with its input filled in
  fingerprint  text not null,                            -- of what Temporal held after that
  applied_at   timestamptz not null,
  counts_from  timestamptz not null,                     -- nominal times from here on are judged: applied first, or with other times or input
  pauses       tstzmultirange not null default '{}',     -- nominal times in here are not
  removed_at   timestamptz
);

-- Scheduled runs that did not start, or were not complete by their deadline. Found by the supervisor, not by a run.
create table alerts (
  schedule_id   text not null,
  nominal_time  timestamptz not null,
  kind          text not null check (kind in ('not_started', 'late')),
  message       text not null,
  raised_at     timestamptz not null default now(),
  notified_at   timestamptz,
  resolved_at   timestamptz,
  primary key (schedule_id, nominal_time, kind)
);
