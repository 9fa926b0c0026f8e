-- Paths of forecasts may lie in another sink than `distributions` (docs/decisions/049-paths-in-a-delta-table.md).

-- Numbers the commits to Delta tables: a table remembers the newest, and an older one may not follow it.
create sequence delta_tokens;

-- What the paths of a date were made of, for each sink that does not keep them in this database. For PostgreSQL there is
-- a row only where another sink has replaced the date's points, quantiles and metadata by others than its paths had.
create table path_fingerprints (
  sink                 text not null,                   -- 'postgres', 'delta/<id of the table>'
  commodity            text not null,
  model_version        text not null,
  forecast_start_date  date not null,
  fingerprint          text not null,                   -- as forecast_metadata.fingerprint
  primary key (sink, commodity, model_version, forecast_start_date)
);
