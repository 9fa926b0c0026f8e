-- Boosters of finished blocks (docs/decisions/028-stored-boosters.md): the same for every day that asks, so they are kept
-- rather than fitted again. A row is a cache: whatever is missing, stale or damaged is fitted anew, with the same bytes.
create table pool_boosters (
  dataset      text not null,
  kind         text not null check (kind in ('tvl', 'apy', 'q10', 'q90')),
  cutoff       date not null,                            -- the newest day whose values it learnt from
  fingerprint  text not null,                            -- sha256 of what it learnt from, and of how
  model        text not null,                            -- LightGBM's own text
  sha256       text not null,                            -- of `model`
  fitted_at    timestamptz not null default clock_timestamp(),
  primary key (dataset, kind, cutoff)
);
