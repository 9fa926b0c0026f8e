-- A source of live data that stays down: raised once when it was not fresh on two run dates in a row, and once more when what
-- is stored has become too old to stand in for it.
create table source_alerts (
  source       text not null,
  since        date not null,                            -- the first run date on which it was not fresh
  state        text not null check (state in ('aged', 'failed')),
  message      text not null,
  raised_at    timestamptz not null default now(),
  notified_at  timestamptz,
  resolved_at  timestamptz,
  primary key (source, since, state)
);
