-- Delta tables that backfills of this ledger write to: prune finds them here (docs/delta.md).
create table delta_tables (
  path      text primary key,                           -- a folder from / on, or gs://bucket/folder
  noted_at  timestamptz not null default clock_timestamp()
);

insert into delta_tables (path)
select distinct request -> 'sink' ->> 'path' from runs
 where request -> 'sink' ->> 'name' = 'delta' and request -> 'sink' ->> 'path' is not null;
