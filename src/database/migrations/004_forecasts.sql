-- Prices, fitted models, and the forecasts made of them: paths, points, quantiles, metadata, actuals, scores.
-- A forecast of `forecast_start_date` is made from the rows known at the last day before it; `day_k` is the k-th trading
-- day after its cutoff. Prices and forecasts are in the commodity's own unit (config/prices).

-- One row a price series.
create table commodities (
  commodity     text primary key check (commodity ~ '^[A-Z0-9][A-Z0-9_]{0,31}$'),
  name          text not null,
  unit          text not null,                          -- 'USD per barrel'
  covariates    text[] not null default '{}',           -- names of the columns in prices.covariates, in their order
  is_synthetic  boolean not null default false,         -- generated: marked on every page
  source        text not null                           -- where the rows came from, in words
);

-- One row a day and version: a later revision is a row of its own where its source says when it became known.
create table prices (
  commodity       text not null references commodities,
  date            date not null,
  known_at        date not null,                        -- the day itself where the source does not say
  is_trading_day  boolean not null,                     -- false: carried forward, never scored
  close           double precision not null check (close > '-Infinity' and close < 'Infinity'),
  covariates      jsonb not null default '{}',          -- {name: number or null}
  imported_at     timestamptz not null default now(),
  primary key (commodity, date, known_at),
  check (known_at >= date)
);

-- What can be read at the end of each day, as a number: rows known by then and the sum of their hashes. Equal numbers,
-- equal rows; a row that came later moves no earlier day, and a value that is put back puts the number back.
create function price_digests(of_commodity text) returns table (as_of date, rows bigint, digest numeric)
language sql stable parallel safe as $$
  with versions as (
    select known_at,
           lead(known_at) over (partition by date order by known_at) as replaced_at,
           hashtextextended(concat_ws('|', date, is_trading_day, close, covariates), 7)::numeric as hash
      from prices where commodity = of_commodity
  ), events as (
    select known_at as day, 1 as rows, hash from versions
    union all
    select replaced_at, -1, -hash from versions where replaced_at is not null
  ), days as (
    select day, sum(rows) as rows, sum(hash) as hash from events group by day
  )
  select day, (sum(rows) over (order by day))::bigint, sum(hash) over (order by day) from days
$$;

-- What a date's forecast was made of, in one word; options stand in the model version.
create function forecast_fingerprint(result_version integer, model_sha256 text, price_rows bigint, digest numeric)
returns text language sql immutable parallel safe as $$
  select left(encode(sha256(convert_to(concat_ws(' ', result_version, model_sha256, price_rows, digest), 'UTF8')),
                     'hex'), 32)
$$;

-- Models are data: JSON, never a pickle. Exactly one of state_json and object_uri holds the state.
create table fitted_models (
  commodity             text not null,
  model_key             text not null,                  -- a file of spark/sevenfold_jobs/forecast/models
  model_version         text not null,                  -- the key, or <key>@<6 hex> of training options that differ
  train_frequency       text not null,
  training_date         date not null,                  -- T: every training row's target lies before it
  training_cutoff_date  date not null,                  -- the last day that was read
  training_start_date   date not null,
  training_samples      integer not null,
  parameters            jsonb not null,
  state_json            text,
  object_uri            text,                           -- relative to the object store
  size_bytes            integer not null,
  sha256                text not null,                  -- of the state's bytes, checked whenever it is read
  data_hash             text not null,                  -- of the rows it was fitted on
  fit_seconds           double precision not null,
  created_at            timestamptz not null default now(),
  primary key (commodity, model_key, train_frequency, training_date, model_version),
  check (num_nonnulls(state_json, object_uri) = 1),
  check (training_cutoff_date < training_date)
);

-- 2,000 paths a date. Leaves by commodity and model version, each with its own key (forecast_start_date, path_id):
-- text inside the key would double the table.
create table distributions (
  generation_timestamp  timestamptz not null default now(),
  path_id               integer not null,               -- 1..paths; 0 the actual path
  forecast_start_date   date not null,
  data_cutoff_date      date not null,
  day_1 real, day_2 real, day_3 real, day_4 real, day_5 real, day_6 real, day_7 real,
  day_8 real, day_9 real, day_10 real, day_11 real, day_12 real, day_13 real, day_14 real,
  is_actuals            boolean not null default false,
  has_data_leakage      boolean not null default false,
  model_version         text not null,
  commodity             text not null,
  constraint actuals_are_path_0
    check (path_id >= 0 and is_actuals = (path_id = 0) and is_actuals = (model_version = 'actuals')),
  constraint no_leakage check (not has_data_leakage and data_cutoff_date < forecast_start_date)
) partition by list (commodity);

-- Makes the leaf of a commodity and a model version where it is missing and answers its name.
create function distributions_leaf(of_commodity text, of_version text) returns text
language plpgsql as $$
declare
  branch text := 'distributions_' || lower(of_commodity);
  leaf text := branch || '_' || replace(lower(of_version), '@', '_');
begin
  if to_regclass(quote_ident(leaf)) is null then
    perform pg_advisory_xact_lock(hashtext('distributions_leaf'));
    execute format('create table if not exists %I partition of distributions for values in (%L)
                    partition by list (model_version)', branch, of_commodity);
    execute format('create table if not exists %I partition of %I (
                      commodity default %L, model_version default %L, is_actuals default %L,
                      primary key (forecast_start_date, path_id)) for values in (%L)',
                   leaf, branch, of_commodity, of_version, of_version = 'actuals', of_version);
    -- Nobody asks for single values: a small sample is enough, and is taken again after every load.
    execute (select format('alter table %I ', leaf)
                    || string_agg(format('alter column %I set statistics 10', attname), ', ')
               from pg_attribute where attrelid = leaf::regclass and attnum > 0);
  end if;
  return leaf;
end $$;

-- The mean forecast of each day ahead.
create table point_forecasts (
  commodity             text not null,
  model_version         text not null,
  forecast_start_date   date not null,
  data_cutoff_date      date not null,
  forecast_date         date not null,
  day_ahead             integer not null,               -- trading days after the cutoff
  generation_timestamp  timestamptz not null default now(),
  forecast_mean         double precision not null,
  forecast_std          double precision not null,      -- of the paths by their rule: sqrt(day_ahead) of the pool's own
  lower_95              double precision not null,      -- the paths' own 2.5 % and 97.5 % quantiles
  upper_95              double precision not null,
  model_success         boolean not null default true,
  actual_close          double precision,               -- null until known
  has_data_leakage      boolean not null default false check (not has_data_leakage),
  primary key (commodity, model_version, data_cutoff_date, forecast_date),
  check (data_cutoff_date < forecast_date)
);
create index point_forecasts_start on point_forecasts (commodity, model_version, forecast_start_date);

-- What the paths say of each day ahead, and how good that was once the day is known.
create table forecast_quantiles (
  commodity            text not null,
  model_version        text not null,
  forecast_start_date  date not null,
  day_ahead            integer not null,
  q025 real not null, q10 real not null, q25 real not null, q50 real not null,
  q75 real not null, q90 real not null, q975 real not null,
  crps                 double precision,                -- null until the actual close is known
  primary key (commodity, model_version, forecast_start_date, day_ahead)
);

create table forecast_actuals (
  commodity      text not null,
  forecast_date  date not null,
  actual_close   double precision not null,
  primary key (commodity, forecast_date)
);

-- One row a forecast: what it was made of, what it cost and how good it was over its first 1, 7 and 14 days.
create table forecast_metadata (
  forecast_id             text primary key,             -- {model_version}_{commodity}_{forecast_start_date}
  commodity               text not null,
  model_version           text not null,
  forecast_start_date     date not null,
  data_cutoff_date        date not null,
  training_date           date not null,
  training_cutoff_date    date not null,
  fingerprint             text not null,
  model_sha256            text not null,
  paths                   integer not null,
  horizon                 integer not null,
  seed                    bigint not null,
  unusual_origin          boolean not null,             -- the last move lies beyond 6 standard deviations of the pool
  generation_timestamp    timestamptz not null default now(),
  mae_1d double precision, mae_7d double precision, mae_14d double precision,
  rmse_1d double precision, rmse_7d double precision, rmse_14d double precision,
  mape_1d double precision, mape_7d double precision, mape_14d double precision,
  crps_1d double precision, crps_7d double precision, crps_14d double precision,
  calibration_score_1d double precision, calibration_score_7d double precision,
  calibration_score_14d double precision,
  coverage_80_1d double precision, coverage_80_7d double precision, coverage_80_14d double precision,
  coverage_95_1d double precision, coverage_95_7d double precision, coverage_95_14d double precision,
  sharpness_80_1d double precision, sharpness_80_7d double precision, sharpness_80_14d double precision,
  sharpness_95_1d double precision, sharpness_95_7d double precision, sharpness_95_14d double precision,
  training_time_seconds   double precision,
  inference_time_seconds  double precision,
  total_time_seconds      double precision,
  hardware_type text, num_cores integer, memory_gb integer, cluster_id text,
  training_days           integer not null,
  actuals_available       integer not null default 0,
  has_data_leakage        boolean not null default false check (not has_data_leakage),
  model_success           boolean not null default true,
  notes                   text,
  unique (commodity, model_version, forecast_start_date),
  check (training_cutoff_date < training_date and training_date <= forecast_start_date
         and data_cutoff_date < forecast_start_date)
);

-- Scores pooled over the forecasts of a range, by horizon: the first `horizon` days of each, known trading days alone.
create table forecast_evaluation (
  commodity               text not null,
  model_version           text not null,
  start_date              date not null,
  end_date                date not null,
  horizon                 integer not null,
  forecasts               integer not null,
  days                    integer not null,             -- (forecast, day) pairs with a known close
  mae double precision, rmse double precision,
  mape                    double precision,             -- percent of the absolute price; days with price 0 left out
  directional_accuracy    double precision,             -- percent, day to day
  directional_accuracy_from_day0 double precision,      -- percent, from the close at the cutoff
  zero_forecasts          integer,                      -- left out of the line above
  crps double precision, calibration_score double precision,
  coverage_80 double precision, coverage_95 double precision,
  sharpness_80 double precision, sharpness_95 double precision,
  naive_mae               double precision,             -- of "stays where it is", over the same days
  naive_crps              double precision,             -- null where no naive paths are stored for the same dates
  skill_mae               double precision,             -- 1 - mae / naive_mae: above 0 is better than naive
  skill_crps              double precision,
  dm_statistic double precision, dm_p double precision, -- Diebold-Mariano against naive, squared error at this horizon
  direction_p             double precision,             -- binomial, one-sided, against a coin
  ljung_box_p double precision, jarque_bera_p double precision,
  mae_alert               boolean not null default false, -- newest errors more than 2 deviations above their history
  calibration             jsonb not null default '{}',  -- {level: share of closes at or below that quantile} at day `horizon`
  evaluated_at            timestamptz not null default now(),
  primary key (commodity, model_version, start_date, end_date, horizon)
);

-- What `plan backfill` promised: a start with its token is refused when one of these facts has changed.
create table backfill_plans (
  token    text primary key,
  facts    jsonb not null,
  made_at  timestamptz not null default now()
);

-- What a backfill is about with every default filled in (src/ledger/forecasts.ts, ForecastRequest).
alter table runs add column request jsonb;

-- Units that are dates or training windows of a model; `chunk` numbers what is sent together, `tries` counts failures in
-- a row, `failure_type` is the last one's (src/failures.ts).
alter table units
  add column model_version text,
  add column date date,
  add column training_date date,
  add column chunk integer,
  add column tries integer not null default 0,
  add column failure_type text;
create index units_chunk on units (run_id, chunk) where chunk is not null;
create index units_date on units (date, model_version) where model_version is not null;
