-- What a person said of a day's transactions. A proposal is its transactions: others are a proposal of their own, the same ones
-- again are the same, and are not asked for twice.
create table approvals (
  run_id       uuid not null references runs (run_id) on delete cascade,
  proposal     text not null,                            -- digest of the transactions
  state        text not null check (state in ('waiting', 'approved', 'rejected', 'expired', 'empty')),
  transactions integer not null check (transactions >= 0),
  proposed_at  timestamptz not null default now(),
  expires_at   timestamptz not null,                     -- nobody is waited for any longer
  notified_at  timestamptz,                              -- when its Slack line was sent
  decided_at   timestamptz,
  decided_by   text,
  reason       text,                                     -- of a rejection
  primary key (run_id, proposal),
  check ((state = 'waiting') = (decided_at is null)),
  check (state <> 'rejected' or reason is not null)
);
