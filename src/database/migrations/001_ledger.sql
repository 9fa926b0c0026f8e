-- The ledger: what was asked for (runs), what it consists of (units), what was sent to an engine (batches)
-- and what was found when the rows were looked at (checks). It is the only memory that counts; Temporal keeps the order.

-- One row a business key (`daily/<dataset>/<date>`), whoever starts it and however often.
create table runs (
  run_id           uuid primary key default gen_random_uuid(),
  key              text not null unique,
  kind             text not null,                       -- the workflow type
  dataset          text not null,
  date             date,                                -- the run date T, UTC
  status           text not null default 'running'
                     check (status in ('running', 'paused', 'complete', 'partial', 'failed', 'cancelled')),
  attempt          integer not null default 1,          -- raised by every claim: 1 for the first start
  workflow_id      text not null,                       -- who holds the claim
  workflow_run_id  text not null,                       -- Temporal's first run id of that workflow
  priority         integer not null default 3,
  input            jsonb not null,
  statement        text,                                -- what the run ended with, in one line
  report           text,                                -- path of the page, relative to the state folder
  opened_at        timestamptz not null default now(),
  claimed_at       timestamptz not null default now(),
  finished_at      timestamptz
);
create index runs_kind_dataset_date on runs (kind, dataset, date);
create index runs_workflow on runs (workflow_id);

-- A unit is the smallest piece that gets a verdict: a phase, a forecast date, a fit.
create table units (
  run_id                 uuid not null references runs (run_id) on delete cascade,
  unit                   text not null,
  kind                   text not null default 'phase',
  position               integer not null default 0,
  verdict                text not null default 'missing'
                           check (verdict in ('complete', 'partial', 'missing', 'failed', 'quarantined', 'skipped')),
  attempt                integer not null default 0,    -- the only attempt that may commit: the fence
  fingerprint            text,                          -- of what the newest attempt reads
  committed_fingerprint  text,                          -- of what the committed rows were made from
  committed_attempt      integer,
  rows_due               bigint,
  rows_found             bigint,
  reason                 text,
  detail                 jsonb not null default '{}',
  started_at             timestamptz,
  committed_at           timestamptz,
  finished_at            timestamptz,
  primary key (run_id, unit)
);

-- One row a batch handed to an engine; the id is fixed before anything is sent.
create table batches (
  batch_id         text primary key,
  run_id           uuid not null references runs (run_id) on delete cascade,
  unit             text not null,
  chunk            text not null default '',
  attempt          integer not null,                    -- the unit's attempt this batch belongs to
  watchers         integer not null default 1,          -- how many times an activity took up the watch: 1, then one more an adoption
  job              text not null,
  engine           text not null,
  priority         integer not null,
  state            text not null
                     check (state in ('SUBMITTING', 'SUBMITTED', 'PENDING', 'RUNNING', 'CANCELLING',
                                      'SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT')),
  state_message    text,
  error_type       text,                                -- src/failures.ts
  request          jsonb not null,                      -- what the job was asked, without secrets
  progress         jsonb,                               -- the job's own: {done, total, note, at}
  result           jsonb,                               -- small: ids and counts
  usage            jsonb,                               -- {seconds, cpuSeconds, peakMb}
  workflow_id      text not null,
  workflow_run_id  text not null,
  submitted_at     timestamptz not null default now(),
  started_at       timestamptz,
  finished_at      timestamptz
);
create index batches_run on batches (run_id, unit, attempt);

create table checks (
  run_id      uuid not null references runs (run_id) on delete cascade,
  unit        text not null,
  name        text not null,
  severity    text not null check (severity in ('block', 'warn', 'info')),
  passed      boolean not null,
  observed    text not null,
  expected    text not null,
  message     text not null,
  checked_at  timestamptz not null default now(),
  primary key (run_id, unit, name)
);

-- Tables of batches that need more than one task before they can be moved in one transaction: staging."<batch id>…".
create schema staging;
