import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { inTransaction } from '../database/pool.ts';
import type { Database, PoolClient } from '../database/pool.ts';
import type { Config } from '../config.ts';
import { Failure } from '../failures.ts';
import { objectsFolder } from '../objects.ts';
import { suggestion } from '../planning/nearest.ts';
import type { Pruned } from './tables.ts';

/**
 * Every table whose rows belong to a data set of pools, in an order in which they may go. Runs take their units, batches,
 * checks, settings and transactions along; the data set itself goes last.
 */
export const tablesOfDataset = [
  'daily_balances',
  'allocation_positions',
  'portfolio_comparisons',
  'allocations',
  'pool_boosters',
  'pool_forecast_quantiles',
  'pool_forecast_models',
  'pool_forecasts',
  'pool_daily_metrics',
  'pool_metrics_state',
  'icebox_tokens',
  'portfolio_transactions',
  'macroeconomic_data',
  'gas_fees_daily',
  'token_prices_daily',
  'pool_history',
  'observed_revisions',
  'observed_macroeconomic_data',
  'observed_gas_fees_daily',
  'observed_token_prices_daily',
  'observed_pool_history',
  'removed_rows',
  'pools',
  'runs',
  'datasets',
];

/** The same for a price series; its paths are a branch of `distributions` that is dropped whole. */
export const tablesOfSeries = [
  'forecast_evaluation',
  'forecast_quantiles',
  'point_forecasts',
  'forecast_metadata',
  'path_fingerprints',
  'forecast_actuals',
  'fitted_models',
  'prices',
  'commodities',
];

/**
 * Removes a data set of pools with everything that was made of it, the portfolio's books included; all of it, or nothing.
 * Throws `InvalidInput` for one that is not there and `AlreadyRunning` while a run of it is open.
 */
export async function dropDataset(database: Database, dataset: string, dryRun: boolean): Promise<Pruned[]> {
  const known = await database.query<{ dataset: string }>('select dataset from datasets order by dataset');
  refuseUnknown(
    'data set',
    dataset,
    known.rows.map((row) => row.dataset),
  );
  return inTransaction(database, async (client) => {
    // No ingest may write meanwhile.
    await client.query(`select pg_advisory_xact_lock(hashtextextended('sevenfold/' || $1, 0))`, [dataset]);
    await refuseOpenRuns(client, dataset);
    const pruned: Pruned[] = [];
    for (const table of tablesOfDataset)
      pruned.push(...(await removeAll(client, table, 'dataset', dataset, dryRun)));
    return pruned;
  });
}

/**
 * Removes a price series with its models, forecasts and runs; all of it, or nothing. Throws like `dropDataset`. Models that
 * lie in the object store go after the transaction: a kill in between leaves files that nobody reads. `elsewhere` removes
 * its paths from places outside of the database, last before the commit: where it fails, nothing here is gone.
 */
export async function dropSeries(
  database: Database,
  config: Pick<Config, 'stateFolder' | 'objects'>,
  series: string,
  dryRun: boolean,
  elsewhere: (client: PoolClient) => Promise<Pruned[]> = async () => [],
): Promise<Pruned[]> {
  const known = await database.query<{ commodity: string }>(
    'select commodity from commodities order by commodity',
  );
  refuseUnknown(
    'price series',
    series,
    known.rows.map((row) => row.commodity),
  );
  const dataset = `prices/${series}`;
  const stored = await database.query<{ uri: string }>(
    'select object_uri as uri from fitted_models where commodity = $1 and object_uri is not null',
    [series],
  );
  const pruned = await inTransaction(database, async (client) => {
    // The importers' own lock.
    await client.query(`select pg_advisory_xact_lock(hashtextextended('sevenfold/prices', 0))`);
    await refuseOpenRuns(client, dataset);
    const gone = [
      ...(await removeAll(client, 'runs', 'dataset', dataset, dryRun)),
      ...(await removePaths(client, series, dryRun)),
    ];
    for (const table of tablesOfSeries)
      gone.push(...(await removeAll(client, table, 'commodity', series, dryRun)));
    gone.push(...(await elsewhere(client)));
    return gone;
  });
  const objects = objectsFolder(config);
  if (!dryRun && objects !== undefined) {
    for (const { uri } of stored.rows) rmSync(join(objects, uri), { force: true });
  }
  return pruned;
}

function refuseUnknown(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  throw new Failure(
    'InvalidInput',
    known.length === 0
      ? `There is no ${what} yet.`
      : `There is no ${what} "${name}". ${suggestion(name, known)}`,
  );
}

async function refuseOpenRuns(client: PoolClient, dataset: string): Promise<void> {
  const open = await client.query<{ key: string; status: string }>(
    `select key, status from runs where dataset = $1 and status in ('running', 'paused') order by key limit 1`,
    [dataset],
  );
  const run = open.rows[0];
  if (run === undefined) return;
  throw new Failure(
    'AlreadyRunning',
    `${run.key} is ${run.status} and works with ${dataset}. End it first: npx sevenfold cancel ${run.key}`,
  );
}

/** Names of tables and columns are those of this file. */
async function removeAll(
  client: PoolClient,
  table: string,
  column: string,
  value: string,
  dryRun: boolean,
): Promise<Pruned[]> {
  const seen = await client.query<{ rows: number; bytes: number }>(
    `select count(*) as rows, coalesce(sum(pg_column_size(t)), 0)::bigint as bytes from ${table} t where ${column} = $1`,
    [value],
  );
  const { rows, bytes } = seen.rows[0]!;
  if (rows === 0) return [];
  if (!dryRun) await client.query(`delete from ${table} where ${column} = $1`, [value]);
  return [{ what: table, rows, bytes, oldest: null, newest: null }];
}

async function removePaths(client: PoolClient, series: string, dryRun: boolean): Promise<Pruned[]> {
  const branch = await client.query<{ name: string | null; bytes: number | null }>(
    `select quote_ident(c.relname) as name,
            (select sum(pg_total_relation_size(relid))::bigint from pg_partition_tree(c.oid)) as bytes
       from pg_class c where c.oid = to_regclass(quote_ident('distributions_' || lower($1)))`,
    [series],
  );
  const { name, bytes } = branch.rows[0] ?? { name: null, bytes: null };
  if (name === null) return [];
  const { rows } = await client.query<{ rows: number }>(
    'select count(*) as rows from distributions where commodity = $1',
    [series],
  );
  if (!dryRun) await client.query(`drop table ${name}`);
  return [{ what: 'distributions', rows: rows[0]!.rows, bytes: bytes ?? 0, oldest: null, newest: null }];
}
