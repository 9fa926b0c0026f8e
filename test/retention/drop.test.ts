import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { dropDataset, dropSeries, tablesOfDataset, tablesOfSeries } from '../../src/retention/drop.ts';
import { seedForecasts } from '../support/forecasts.ts';
import { testDatabase } from '../support/postgres.ts';

async function open(t: TestContext): Promise<Database> {
  const database = openDatabase(await testDatabase(t), 'test', 2);
  t.after(() => database.end());
  return database;
}

async function tablesWith(database: Database, column: string): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `select table_name as name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
      where table_schema = 'public' and column_name = $1 and table_type = 'BASE TABLE' and table_name !~ '^(paths|distributions)_'
      order by 1`,
    [column],
  );
  return rows.map(({ name }) => name);
}

async function rowsOf(database: Database, column: string, value: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const table of await tablesWith(database, column)) {
    const { rows } = await database.query<{ rows: number }>(
      `select count(*)::integer as rows from ${table} where ${column} = $1`,
      [value],
    );
    if (rows[0]!.rows > 0) found[table] = rows[0]!.rows;
  }
  return found;
}

/** A row in most tables of a data set, with the books of a day. */
async function fill(database: Database, dataset: string): Promise<void> {
  await database.query(`insert into datasets (dataset, source, path) values ($1, 'files', '/x')`, [dataset]);
  const { rows } = await database.query<{ id: string }>(
    `insert into runs (key, kind, dataset, date, status, workflow_id, workflow_run_id, input)
     values ('daily/' || $1, 'dailyPipeline', $1, '2026-01-02', 'complete', 'w', 'r', '{}') returning run_id as id`,
    [dataset],
  );
  await database.query(`insert into units (run_id, unit) values ($1, 'metrics')`, [rows[0]!.id]);
  for (const statement of [
    `insert into pools (dataset, pool_id, change_seq) values ($1, 'p', 1)`,
    `insert into pool_history values ($1, 'p', '2026-01-01', 5, 1e6, 1)`,
    `insert into removed_rows values ($1, 'pool_history', 'p', '2025-12-31', 1)`,
    `insert into token_prices_daily (dataset, symbol, date, close, change_seq) values ($1, 'ETH', '2026-01-01', 1, 1)`,
    `insert into gas_fees_daily (dataset, date, change_seq) values ($1, '2026-01-01', 1)`,
    `insert into macroeconomic_data (dataset, series_id, date, value, change_seq) values ($1, 's', '2026-01-01', 1, 1)`,
    `insert into portfolio_transactions values ($1, 1, '2026-01-01', 'USDC', 1, 'in', 1)`,
    `insert into pool_daily_metrics (dataset, pool_id, date) values ($1, 'p', '2026-01-01')`,
    `insert into pool_forecasts values ($1, 'p', '2026-01-02', '2026-01-01', 'model', 5, 1e6, 5, 5, 1e6, 1e6, 1e6)`,
    `insert into daily_balances (dataset, portfolio, date, token_symbol, unallocated_balance, carried, accrued, flow, price_usd)
     values ($1, 'paper', '2026-01-02', 'USDC', 10, 0, 0, 10, 1)`,
    `insert into allocation_positions values ($1, 'paper', '2026-01-02', null, 'USDC', 10, 1)`,
  ])
    await database.query(statement, [dataset]);
  await database.query(
    `insert into allocations (dataset, portfolio, date, run_id, status, value_before_usd, value_after_usd, horizon_days, candidates)
     values ($1, 'paper', '2026-01-02', $2, 'optimal', 10, 10, 7, 1)`,
    [dataset, rows[0]!.id],
  );
}

describe('dropping a data set', () => {
  test('takes all of it and leaves every other as it was', async (t) => {
    const database = await open(t);
    await fill(database, 'files/a');
    await fill(database, 'files/b');
    const before = await rowsOf(database, 'dataset', 'files/b');
    assert.ok(Object.keys(before).length >= 14, JSON.stringify(before));
    const dry = await dropDataset(database, 'files/a', true);
    assert.deepEqual(await rowsOf(database, 'dataset', 'files/a'), before, 'a dry run removes nothing');
    assert.deepEqual(await dropDataset(database, 'files/a', false), dry);
    assert.deepEqual(Object.fromEntries(dry.map(({ what, rows }) => [what, rows])), before);
    assert.deepEqual(await rowsOf(database, 'dataset', 'files/a'), {});
    assert.deepEqual(await rowsOf(database, 'dataset', 'files/b'), before);
    const units = await database.query('select from units');
    assert.equal(units.rowCount, 1);
  });

  test('is refused by name where there is none, and while a run of it is open', async (t) => {
    const database = await open(t);
    await fill(database, 'files/panel');
    await assert.rejects(dropDataset(database, 'files/pannel', false), {
      name: 'InvalidInput',
      message: 'There is no data set "files/pannel". Did you mean "files/panel"?',
    });
    await database.query(`update runs set status = 'running'`);
    const before = await rowsOf(database, 'dataset', 'files/panel');
    await assert.rejects(dropDataset(database, 'files/panel', false), {
      name: 'AlreadyRunning',
      message:
        /^daily\/files\/panel is running and works with files\/panel\. End it first: npx sevenfold cancel/,
    });
    assert.deepEqual(await rowsOf(database, 'dataset', 'files/panel'), before);
  });

  test('knows every table that has a data set', async (t) => {
    // Cross-validations have data sets of their own kind.
    const all = (await tablesWith(await open(t), 'dataset')).filter((name) => !name.startsWith('cv_'));
    assert.deepEqual([...tablesOfDataset].sort(), all);
  });
});

describe('dropping a price series', () => {
  test('knows every table that has a series', async (t) => {
    const all = await tablesWith(await open(t), 'commodity');
    assert.deepEqual([...tablesOfSeries, 'distributions'].sort(), all);
  });

  test('takes prices, models, forecasts, paths and runs, and no other series', async (t) => {
    const database = await open(t);
    const folder = mkdtempSync(join(tmpdir(), 'sevenfold-drop-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const commodity of ['WTI', 'WTI_NAIVE']) {
      // Batches of two seeds have the same ids, and no part in this.
      await database.query('delete from batches');
      const made = { models: ['naive'], dates: 12, paths: 3, distributions: true, status: 'complete' };
      await seedForecasts(database, { commodity, ...made });
    }
    const model = join(folder, 'objects', 'models', 'a.json');
    mkdirSync(join(model, '..'), { recursive: true });
    writeFileSync(model, '{}');
    await database.query(
      `update fitted_models set state_json = null, object_uri = 'models/a.json'
        where ctid = (select ctid from fitted_models where commodity = 'WTI' limit 1)`,
    );
    const other = await rowsOf(database, 'commodity', 'WTI_NAIVE');
    const paths = async (commodity: string) =>
      (await database.query('select from distributions where commodity = $1', [commodity])).rowCount;
    const otherPaths = await paths('WTI_NAIVE');
    const places = { stateFolder: folder, objects: undefined };
    const dry = await dropSeries(database, places, 'WTI', true);
    assert.ok(existsSync(model));
    assert.deepEqual(await dropSeries(database, places, 'WTI', false), dry);
    assert.ok(
      dry.some(({ what, rows }) => what === 'distributions' && rows === 36),
      JSON.stringify(dry),
    );
    assert.deepEqual(await rowsOf(database, 'commodity', 'WTI'), {});
    assert.equal(await paths('WTI'), 0);
    assert.ok(!existsSync(model));
    assert.deepEqual(await rowsOf(database, 'commodity', 'WTI_NAIVE'), other);
    assert.equal(await paths('WTI_NAIVE'), otherPaths);
    const runs = await database.query<{ dataset: string }>('select dataset from runs');
    assert.deepEqual(runs.rows, [{ dataset: 'prices/WTI_NAIVE' }]);
  });
});
