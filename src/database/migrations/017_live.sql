-- Data set `live`: what the providers answered, as they answered it. The ingest job reads these rows and nothing else, so
-- that a day can be made again from what was known on it. docs/live.md lists the sources and the form of their keys.

alter table datasets drop constraint datasets_source_check;
alter table datasets add constraint datasets_source_check check (source in ('sample', 'files', 'live'));

-- One row an answer. A day's first accepted answer stays: no later one of the same source, key and day is ever accepted.
create table raw_responses (
  source        text not null,                           -- 'llama-pools'; docs/live.md
  key           text not null,                           -- which of the source's bodies: a pool's uuid, 'pools', 'ETH-USD', ...
  day           date not null,                           -- the run date that it was fetched for
  attempt       integer not null check (attempt >= 1),
  status        integer,                                 -- HTTP; null where no whole answer came
  content_type  text,
  body          bytea,                                   -- gzip; of an answer that was not accepted, its first 4,096 bytes
  bytes         bigint not null default 0 check (bytes >= 0),   -- of the whole body, before gzip
  sha256        text,                                    -- of the whole body, before gzip
  fetched_at    timestamptz not null default now(),
  url           text not null,                           -- without keys
  accepted      boolean not null,
  problem       text,                                    -- why it was not accepted, in one line
  primary key (source, key, day, attempt),
  check (not accepted or (status between 200 and 299 and body is not null and sha256 is not null and problem is null))
);
create unique index raw_responses_accepted on raw_responses (source, key, day) where accepted;
create index raw_responses_day on raw_responses (day);

-- How each source ended for a run date: what the page, `why` and the ingest say about it.
create table source_days (
  day           date not null,
  source        text not null,
  state         text not null check (state in ('fresh', 'aged', 'failed')),
  required      boolean not null,                        -- the day cannot do without it
  keys_due      integer not null check (keys_due >= 0),
  keys_stored   integer not null check (keys_stored >= 0),
  last_good     date,                                    -- the newest day, this one included, with an accepted answer
  allowed_days  integer not null check (allowed_days >= 0),   -- an older answer may stand in for this many days
  message       text,                                    -- what went wrong: null when fresh
  decided_at    timestamptz not null default now(),
  primary key (day, source)
);
