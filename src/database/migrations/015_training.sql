-- Training: one table of rows and a target becomes a chosen model, kept as files. Arrays (columns as numbers, predictions of
-- fits) lie in the object store below `object_root`; here are the figures that a person compares.

-- One row a version of prepared data: named by the bytes of the file, what was asked of its columns and rows, and the rules'
-- versions. `split` is null until its rows are parted.
create table training_data (
  data_version    text primary key,                     -- 16 hex
  name            text not null,                        -- the file's name without its ending
  source          text not null,
  source_sha256   text not null,
  task            text not null check (task in ('classification', 'regression', 'clustering')),
  task_reason     text not null,                        -- why this task: asked for, or what the target is like
  target          text,                                 -- null for clustering
  is_synthetic    boolean not null default false,       -- generated: marked on every page
  file_rows       integer not null,
  rows            integer not null,                     -- that take part; file_rows less the sum of `dropped`
  dropped         jsonb not null,                       -- {reason: rows}
  columns         jsonb not null,                       -- [{name, kind, verdict: 'used' | 'target' | 'id' | 'date' | 'left out', reason, gaps, levels}], every column of the file
  features        jsonb not null,                       -- [{name, from, kind: 'number' | 'category', part}]: what models see, and how it is read
  classes         jsonb,                                -- [{name, rows}] in the order of their codes; classification only
  summary         jsonb not null default '{}',          -- of a regression's target: {mean, deviation, min, max}
  warnings        jsonb not null,                       -- sentences, each naming its column
  settings        jsonb not null,                       -- the request: roles, types, validation, seed
  split           jsonb,                                -- {validation: 'folds' | 'holdout' | 'time', folds, parts: [{part, rows, classes?}], membershipSha256}
  versions        jsonb not null,                       -- of the libraries that shaped the columns
  result_version  integer not null,                     -- of training_profile
  split_version   integer,                              -- of training_split
  object_root     text not null,                        -- folder or gs://…
  seconds         double precision not null,
  prepared_at     timestamptz not null default now()
);

-- One row a trial of a model on a fold, written once by the attempt that owns its unit. A fit that its library refused is a
-- row with its error: an answer like any other, since it would refuse again.
create table training_fits (
  run_id        uuid not null references runs (run_id) on delete cascade,
  model         text not null,                          -- baseline, linear, lightgbm, …
  trial         integer not null check (trial >= 0),
  fold          integer not null check (fold >= 1),
  fit_key       text not null,                          -- 16 hex of data version, fold, model, parameters, most features, seed, rule
  data_version  text not null,
  params        jsonb not null,
  status        text not null check (status in ('complete', 'failed')),
  error_type    text,                                   -- src/failures.ts
  error         text,
  value         double precision,                       -- the deciding metric on the fold's validation rows
  figures       jsonb not null default '{}',            -- by name, of the fold's validation rows
  notes         jsonb not null default '[]',            -- what the figures alone would hide
  train_rows    integer,
  test_rows     integer,
  seconds       double precision,
  cpu_seconds   double precision,
  peak_mb       double precision,
  taken_over    boolean not null default false,         -- the same parameters were fitted before: no process ran
  versions      jsonb not null default '{}',
  predictions   text,                                   -- where the fold's validation predictions lie (.npy, float64)
  attempt       integer not null,
  fitted_at     timestamptz not null default clock_timestamp(),
  primary key (run_id, model, trial, fold),
  check (status = 'complete' or error is not null),
  check (status = 'failed' or value > '-Infinity'::float8 and value < 'Infinity'::float8)
);
create index training_fits_key on training_fits (fit_key) where status = 'complete';

-- What was chosen from the fits of a run.
create table training_selections (
  run_id       uuid primary key references runs (run_id) on delete cascade,
  label        text not null,                           -- "lightgbm", "lightgbm + linear", "k-means, 4 clusters"
  members      jsonb not null,                          -- [{model, trial, params, weight}]
  metric       text not null,                           -- what decided
  leaderboard  jsonb not null,                          -- the best first, by out-of-fold figures alone
  reason       text not null,                           -- in one sentence
  beats_baseline boolean not null,
  threshold    double precision,                        -- classification of two classes
  detail       jsonb not null default '{}',
  fits_sha256  text not null,                           -- of the fits that it was made of
  selected_at  timestamptz not null default now()
);

-- A model, as files below `root`. Its id is the hash of their names and contents, so the same request gives the same model.
create table models (
  model_id       text primary key,                      -- 16 hex of `sha256`
  sha256         text not null,
  name           text not null,                         -- of the data set
  task           text not null check (task in ('classification', 'regression', 'clustering')),
  target         text,
  label          text not null,
  files          jsonb not null,                        -- [{name, bytes, sha256}]
  root           text not null,
  about          jsonb not null,                        -- features, classes, positive, threshold, members, rows it was fitted on
  created_at     timestamptz not null default now(),
  retired_at     timestamptz,
  retired_reason text
);

-- Which run came to which model: several runs may come to the same.
create table training_refits (
  run_id              uuid primary key references runs (run_id) on delete cascade,
  model_id            text not null references models,
  data_version        text not null,
  train_rows          integer not null,
  predictions_sha256  text not null,                    -- of the test rows', by the model as read again from its files
  fits_sha256         text not null,                    -- of the selection that it was made of
  seconds             double precision not null,
  refitted_at         timestamptz not null default now()
);

-- The winner and the baseline on rows that had no part in the choice. Every figure follows from the predictions at `predictions`.
create table training_evaluations (
  run_id       uuid not null references runs (run_id) on delete cascade,
  part         text not null,                           -- test, oot 1, oot 2, …
  candidate    text not null check (candidate in ('winner', 'baseline')),
  model_id     text not null,
  rows         integer not null,
  figures      jsonb not null,                          -- by name
  intervals    jsonb not null,                          -- {name: [low, high]}: 95 %, by resampling rows
  detail       jsonb not null default '{}',             -- curves, deciles, calibration, confusion, residuals, drift
  predictions  text,                                    -- Parquet
  evaluated_at timestamptz not null default now(),
  primary key (run_id, part, candidate)
);

create table training_importances (
  run_id        uuid not null references runs (run_id) on delete cascade,
  feature       text not null,                          -- a column of the source
  model_id      text not null,
  permutation   double precision not null,              -- by how much the loss grows when the column is shuffled
  deviation     double precision not null,              -- over the repeats
  contribution  double precision,                       -- mean of |contribution| to the raw score; null where the model has none
  dependence    jsonb,                                  -- [{value, mean}]; the first few features only
  primary key (run_id, feature)
);

-- A file that a model was applied to, once: the same bytes are not scored again by the same model.
create table scorings (
  run_id         uuid not null references runs (run_id) on delete cascade,
  model_id       text not null references models,
  source         text not null,                         -- as it was given
  input_sha256   text not null,
  output         text not null,                         -- Parquet or CSV, one row a row of the file
  output_sha256  text not null,
  rows           integer not null,
  extra_columns  jsonb not null default '[]',
  unseen         jsonb not null default '{}',           -- {column: rows} with a level that training had not seen
  gaps           jsonb not null default '{}',           -- {column: rows}
  drift          jsonb not null default '{}',           -- {column: PSI} against the training rows
  seconds        double precision not null,
  scored_at      timestamptz not null default now(),
  primary key (run_id, input_sha256)
);
create index scorings_model on scorings (model_id);
