-- Cross-validation: data cut into folds once, a row a fit, and what was chosen from them. Arrays (encoded folds,
-- survival matrices) lie in the object store below `object_root`; here are figures that a person compares.

-- One row a version of prepared data: named by the file's bytes, the column roles, the folds and the rule's version.
create table cv_data (
  data_version      text primary key,                   -- 16 hex
  name              text not null,                      -- the file's name without its ending
  source            text not null,                      -- the file
  source_sha256     text not null,
  task              text not null check (task in ('survival', 'classification', 'regression')),
  is_synthetic      boolean not null default false,     -- generated: marked on every page
  rows              integer not null,                   -- that take part
  dropped           jsonb not null,                     -- {reason: rows}
  features          jsonb not null,                     -- [{name, kind: 'numeric' | 'categorical', levels?, missing}]
  left_out          jsonb not null,                     -- [{name, reason}]: columns that are no features, and why
  warnings          jsonb not null,                     -- sentences, each naming its column
  summary           jsonb not null,                     -- survival: {events, strata: […], horizons}; else {classes, samples: […]}
  hazards           jsonb,                              -- survival: [{column, chi2, p, pHolm, flagged}], by p; null where it could not be tested
  settings          jsonb not null,                     -- the request: roles, splitter, folds, seed
  membership_sha256 text not null,                      -- of the fold number of every row, in file order
  versions          jsonb not null,                     -- of the libraries that shaped the numbers
  result_version    integer not null,
  object_root       text not null,                      -- folder or gs://…
  seconds           double precision not null,
  prepared_at       timestamptz not null default now()
);

create table cv_folds (
  data_version  text not null references cv_data on delete cascade,
  fold          integer not null check (fold >= 1),
  train_rows    integer not null,
  test_rows     integer not null,
  train_events  integer,                                -- survival: events; classification of two classes: positives
  test_events   integer,
  columns       integer not null,                       -- after encoding
  detail        jsonb not null,                         -- survival: {grid, tau, horizons}; else {train: [first, last], test: […], classes}
  primary key (data_version, fold)
);

-- One row a fit, written once by the attempt that owns its unit; a failed fit is a row with its error.
create table cv_fits (
  run_id          uuid not null references runs (run_id) on delete cascade,
  model           text not null,                        -- cox_ph, …, lightgbm
  fold            integer not null,
  params_hash     text not null,                        -- 8 hex of model, run type and parameters
  fit_key         text not null,                        -- 16 hex of data version, fold, model, parameters, seed, threads, rule
  data_version    text not null,
  run_type        text not null check (run_type in ('sample', 'production', 'experiment')),
  params          jsonb not null,
  status          text not null check (status in ('complete', 'failed')),
  error_type      text,                                 -- src/failures.ts
  error           text,
  -- survival: higher is better but for ibs
  cindex          double precision,                     -- Uno's, not truncated, as the original's
  cindex_tau      double precision,                     -- Uno's up to the last grid point: what selection compares
  cindex_harrell  double precision,
  ibs             double precision,
  mean_auc        double precision,
  weighted_auc    double precision,
  -- classification
  accuracy        double precision,
  precision       double precision,
  recall          double precision,
  f1              double precision,
  auc             double precision,
  log_loss        double precision,
  -- regression
  rmse            double precision,
  mae             double precision,
  r2              double precision,
  best_iteration  integer,                              -- trees that count, where a booster stopped early
  train_rows      integer,
  test_rows       integer,
  seconds         double precision,
  cpu_seconds     double precision,
  peak_mb         double precision,
  seed            bigint not null,
  threads         integer not null,
  versions        jsonb not null default '{}',
  detail          jsonb not null default '{}',          -- curves on the grid, horizons, strata, classification report, seconds by stage
  arrays          text,                                 -- where survival matrix and risk lie; null where there are none
  attempt         integer not null,
  fitted_at       timestamptz not null default clock_timestamp(),
  primary key (run_id, model, params_hash, fold),
  check (status = 'complete' or error is not null)
);
create index cv_fits_key on cv_fits (fit_key) where status = 'complete';

-- What was chosen from the fits of a run, and what was made of it.
create table cv_selections (
  run_id        uuid primary key references runs (run_id) on delete cascade,
  model         text not null,
  params_hash   text not null,
  metric        text not null,                          -- the column of cv_fits that decided
  leaderboard   jsonb not null,                         -- [{model, paramsHash, mean, deviation, standardError, worst, …, difference: {mean, deviation}}], best first
  reason        text not null,                          -- in one sentence
  selected_at   timestamptz not null default now(),
  refit         jsonb                                   -- {modelFiles, predictions, artifacts, rows, seconds, sha256}; null until refitted
);

create index units_model_version on units (run_id, kind, model_version) where kind = 'fit';
