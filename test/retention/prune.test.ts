import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { pruneFolders } from '../../src/retention/folders.ts';
import { loadRetention, readRetention } from '../../src/retention/policy.ts';
import type { RetentionPolicy } from '../../src/retention/policy.ts';
import { pruneStaging, pruneTables } from '../../src/retention/tables.ts';
import { testDatabase } from '../support/postgres.ts';

const shipped = loadRetention(readConfig().checkout);
const everything: RetentionPolicy = {
  ...shipped,
  checks: 30,
  batches: 30,
  runs: 30,
  alerts: 30,
  responses: 30,
  forecastQuantiles: 30,
  forecasts: 30,
  metrics: 400,
  poolData: 400,
};
const now = new Date('2026-11-20T12:00:00Z');

async function open(t: TestContext): Promise<Database> {
  const database = openDatabase(await testDatabase(t), 'test', 2);
  t.after(() => database.end());
  await database.query(`insert into datasets (dataset, source, path) values ('sample', 'sample', null)`);
  return database;
}

/** A run with a unit, a check, a batch and its settings; answers its id. */
async function run(
  database: Database,
  day: string,
  how: { status?: string; finished?: string; kind?: string; request?: unknown } = {},
): Promise<string> {
  const { status = 'complete', finished = `${day}T00:10:00Z`, kind = 'dailyPipeline', request = null } = how;
  const { rows } = await database.query<{ id: string }>(
    `insert into runs (key, kind, dataset, date, status, workflow_id, workflow_run_id, input, opened_at, claimed_at, finished_at,
                       request)
     values ($1, $2, 'sample', $3, $4, 'w', 'r', '{}', $5, $5,
             case when $4::text = 'running' then null else $5::timestamptz end, $6)
     returning run_id as id`,
    [`${kind}/sample/${day}`, kind, day, status, finished, request],
  );
  const { id } = rows[0]!;
  await database.query(`insert into units (run_id, unit) values ($1, 'metrics')`, [id]);
  await database.query(
    `insert into checks (run_id, unit, name, severity, passed, observed, expected, message, checked_at)
     values ($1, 'metrics', 'rows', 'block', true, '1', '1', '', $2)`,
    [id, finished],
  );
  await database.query(
    `insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request, workflow_id,
                          workflow_run_id, submitted_at)
     values ($1, $2, 'metrics', 1, 'pool_metrics', 'local', 1, $3, '{}', 'w', 'r', $4)`,
    [`sf-${kind.toLowerCase()}-${day}`, id, status === 'running' ? 'RUNNING' : 'SUCCEEDED', finished],
  );
  await database.query(
    `insert into allocation_parameters (run_id, parameters, approved_tokens_snapshot, blacklisted_tokens_snapshot,
                                        approved_protocols_snapshot)
     values ($1, '{}', '[]', '[]', '[]')`,
    [id],
  );
  return id;
}

/** The books of a day: an opening balance, a decision, a transaction, a position. */
async function books(database: Database, runId: string, day: string): Promise<void> {
  await database.query(
    `insert into daily_balances (dataset, portfolio, date, token_symbol, unallocated_balance, carried, accrued, flow, price_usd)
     values ('sample', 'paper', $1, 'USDC', 10, 0, 0, 10, 1)`,
    [day],
  );
  await database.query(
    `insert into allocations (dataset, portfolio, date, run_id, status, value_before_usd, value_after_usd, horizon_days, candidates)
     values ('sample', 'paper', $1, $2, 'optimal', 10, 10, 7, 1)`,
    [day, runId],
  );
  await database.query(
    `insert into allocation_positions values ('sample', 'paper', $1, null, 'USDC', 10, 1)`,
    [day],
  );
  await database.query(
    `insert into asset_allocations (run_id, step_number, operation, from_asset, to_asset, amount, amount_received, amount_usd)
     values ($1, 1, 'HOLD', 'USDC', 'USDC', 10, 10, 10)`,
    [runId],
  );
}

/** Source rows, metrics, a forecast and its quantiles of each of these days. */
async function data(database: Database, days: readonly string[]): Promise<void> {
  await database.query(
    `insert into pool_history select 'sample', 'p', day, 5, 1e6, 1 from unnest($1::date[]) as day`,
    [days],
  );
  await database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date) select 'sample', 'p', day from unnest($1::date[]) as day`,
    [days],
  );
  await database.query(
    `insert into pool_forecasts
     select 'sample', 'p', day, day - 1, 'model', 5, 1e6, 5, 5, 1e6, 1e6, 1e6 from unnest($1::date[]) as day`,
    [days],
  );
  await database.query(
    `insert into pool_forecast_quantiles select 'sample', 'p', day, 1, 4, 5, 6 from unnest($1::date[]) as day`,
    [days],
  );
}

async function days(database: Database, table: string, column = 'date'): Promise<string[]> {
  const { rows } = await database.query<{ day: string }>(
    `select distinct (${column})::date as day from ${table} order by 1`,
  );
  return rows.map(({ day }) => day);
}

describe('prune of tables', () => {
  test('the books stay whole, however old, and the run that they hang on', async (t) => {
    const database = await open(t);
    const day = '2024-01-05';
    await books(database, await run(database, day), day);
    await run(database, '2024-01-06', { status: 'failed' });
    await pruneTables(database, everything, now, false);
    for (const table of ['daily_balances', 'allocations', 'allocation_positions']) {
      assert.deepEqual(await days(database, table), [day], table);
    }
    assert.deepEqual(await days(database, 'runs'), [day]);
    for (const table of ['asset_allocations', 'allocation_parameters', 'units']) {
      const { rows } = await database.query<{ rows: number }>(`select count(*) as rows from ${table}`);
      assert.equal(rows[0]!.rows, 1, table);
    }
    assert.deepEqual(await days(database, 'checks', 'checked_at'), []);
    assert.deepEqual(await days(database, 'batches', 'submitted_at'), []);
  });

  test('a run that left an evaluation stays, and so does one that is open', async (t) => {
    const database = await open(t);
    const evaluation = await run(database, '2024-02-01', { kind: 'evaluatePools' });
    await database.query(
      `insert into forecast_evaluation_days values ($1, '2024-01-31', 'all', 1, 1, 1, 1, 1, 1, null, null)`,
      [evaluation],
    );
    await run(database, '2024-02-02', { status: 'running' });
    await pruneTables(database, everything, now, false);
    assert.deepEqual(await days(database, 'runs'), ['2024-02-01', '2024-02-02']);
    assert.deepEqual(await days(database, 'batches', 'submitted_at'), ['2024-02-02']);
  });

  test('old is what was made long ago, not what speaks of a day long ago', async (t) => {
    const database = await open(t);
    await data(database, ['2024-03-01', '2024-03-02', '2024-03-03', '2026-11-19']);
    await run(database, '2024-03-01');
    await run(database, '2024-03-02', { finished: '2026-11-18T09:00:00Z' });
    await run(database, '2024-03-03', { status: 'running' });
    await pruneTables(database, everything, now, false);
    const kept = ['2024-03-02', '2024-03-03', '2026-11-19'];
    assert.deepEqual(await days(database, 'pool_forecast_quantiles'), kept);
    assert.deepEqual(await days(database, 'pool_forecasts'), kept);
    assert.equal((await days(database, 'pool_history')).length, 4, 'the open run reads it');
  });

  test('what the next allocation begins with stays: a portfolio that has rested for years goes on', async (t) => {
    const database = await open(t);
    const end = '2024-06-30';
    await data(database, ['2023-01-01', '2023-12-01', '2024-06-29', end]);
    await books(database, await run(database, end), end);
    await pruneTables(database, everything, now, false);
    assert.deepEqual(await days(database, 'pool_forecasts'), [end]);
    assert.deepEqual(await days(database, 'pool_history'), ['2023-12-01', '2024-06-29', end]);
    assert.deepEqual(await days(database, 'pool_daily_metrics'), ['2023-12-01', '2024-06-29', end]);
  });

  test('as shipped, data and forecasts are kept for ever, and a dry run removes nothing at all', async (t) => {
    const database = await open(t);
    await data(database, ['2024-03-01', '2026-11-19']);
    await run(database, '2024-03-01');
    const dry = await pruneTables(database, shipped, now, true);
    assert.equal((await days(database, 'runs')).length, 1);
    const real = await pruneTables(database, shipped, now, false);
    assert.deepEqual(
      real.map(({ what, rows, oldest, newest }) => [what, rows, oldest, newest]),
      [
        ['checks', 1, '2024-03-01', '2024-03-01'],
        ['batches', 1, '2024-03-01', '2024-03-01'],
        ['runs', 1, '2024-03-01', '2024-03-01'],
        ['pool_forecast_quantiles of sample', 1, '2024-03-01', '2024-03-01'],
      ],
    );
    assert.deepEqual(dry, real);
    assert.ok(real.every(({ bytes }) => bytes > 0));
    assert.deepEqual(await pruneTables(database, shipped, now, false), [], 'nothing is left to do');
    assert.equal((await days(database, 'pool_forecasts')).length, 2);
  });

  test('more rows than one transaction takes all go', async (t) => {
    const database = await open(t);
    await database.query(
      `insert into pool_forecast_quantiles
       select 'sample', 'p' || n, '2024-01-01', 1, 4, 5, 6 from generate_series(1, 45000) as n`,
    );
    const [quantiles] = await pruneTables(database, everything, now, false);
    assert.equal(quantiles!.rows, 45_000);
    assert.deepEqual(await days(database, 'pool_forecast_quantiles'), []);
  });

  test('tables that ended batches left in staging go, those of running batches stay', async (t) => {
    const database = await open(t);
    await run(database, '2026-11-18');
    await run(database, '2026-11-19', { status: 'running' });
    for (const name of [
      'sf-dailypipeline-2026-11-18',
      'sf-dailypipeline-2026-11-19',
      'sf-dailypipeline-2026-11-19-plan',
    ]) {
      await database.query(`create table staging."${name}" (x integer)`);
    }
    assert.equal((await pruneStaging(database, true))[0]!.rows, 1);
    assert.equal((await pruneStaging(database, false))[0]!.rows, 1);
    const { rows } = await database.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'staging' order by 1`,
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['sf-dailypipeline-2026-11-19', 'sf-dailypipeline-2026-11-19-plan'],
    );
  });
});

describe('prune of the state folder', () => {
  test('old batches, rotated logs and pages go; what runs, is new or is in use stays', async (t) => {
    const database = await open(t);
    const state = mkdtempSync(join(tmpdir(), 'sevenfold-prune-'));
    t.after(() => rmSync(state, { recursive: true }));
    const old = new Date('2024-01-01T00:00:00Z');
    const write = (path: string, text: string, at = old): string => {
      const file = join(state, path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, text);
      utimesSync(file, at, at);
      return path;
    };
    const batch = (id: string, batchState: string, at = old) =>
      write(`batches/${id}/state.json`, JSON.stringify({ state: batchState, submittedAt: at.toISOString() }));
    await run(database, '2026-11-19', { status: 'running' });
    const end = await run(database, '2024-01-01');
    await books(database, end, '2024-01-01');
    await database.query(`update runs set report = 'reports/newest.html' where run_id = $1`, [end]);

    const gone = [
      batch('sf-ended', 'SUCCEEDED'),
      write('logs/worker.log.1', 'x'),
      write('reports/daily-sample-2024-01-02.html', 'x'),
    ];
    const stay = [
      batch('sf-running', 'RUNNING'),
      batch('sf-new', 'SUCCEEDED', now),
      batch('sf-dailypipeline-2026-11-19', 'SUCCEEDED'),
      write('batches/sf-being-made/request.json', '{}'),
      write('logs/worker.log', 'x'),
      write('reports/newest.html', 'x'),
      write('reports/today.html', 'x', now),
    ];
    const dry = await pruneFolders(database, { stateFolder: state, objects: undefined }, shipped, now, true);
    assert.ok(gone.every((path) => existsSync(join(state, path))));
    const real = await pruneFolders(
      database,
      { stateFolder: state, objects: undefined },
      shipped,
      now,
      false,
    );
    assert.deepEqual(dry, real);
    assert.deepEqual(
      real.map(({ rows, oldest }) => [rows, oldest]),
      [
        [1, '2024-01-01'],
        [1, '2024-01-01'],
        [1, '2024-01-01'],
      ],
    );
    assert.deepEqual(
      gone.filter((path) => existsSync(join(state, path))),
      [],
    );
    assert.deepEqual(
      stay.filter((path) => !existsSync(join(state, path))),
      [],
    );
    assert.deepEqual(
      await pruneFolders(database, { stateFolder: state, objects: undefined }, shipped, now, false),
      [],
    );
  });

  test('folds and fits go when no run has used them for long, wherever the object store is', async (t) => {
    const database = await open(t);
    const folder = mkdtempSync(join(tmpdir(), 'sevenfold-prune-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const old = new Date('2024-01-01T00:00:00Z');
    const version = (digit: string): string => digit.repeat(16);
    const write = (store: string, name: string, at = old): void => {
      const path = join(folder, store, 'cv', name);
      mkdirSync(join(path, 'fold_1'), { recursive: true });
      writeFileSync(join(path, 'fold_1', 'x.npy'), 'four');
      utimesSync(path, at, at);
    };
    const uses = (day: string, digit: string, how: Parameters<typeof run>[2]) =>
      run(database, day, { kind: 'crossValidation', request: { dataVersion: version(digit) }, ...how });
    await uses('2026-01-01', 'a', {});
    await uses('2026-01-02', 'b', {});
    await uses('2026-01-03', 'b', { finished: '2026-11-18T00:00:00Z' });
    await uses('2026-01-04', 'c', { status: 'running' });
    for (const store of ['objects', 'elsewhere']) {
      for (const digit of ['a', 'b', 'c', 'd']) write(store, version(digit));
      write(store, version('e'), now);
      write(store, 'results');
    }
    const left = (store: string) => readdirSync(join(folder, store, 'cv')).sort();
    const all = left('objects');
    const kept = ['b', 'c', 'e'].map(version).concat('results');
    for (const [store, objects] of [
      ['objects', undefined],
      ['elsewhere', join(folder, 'elsewhere')],
    ] as const) {
      const places = { stateFolder: folder, objects };
      const [dry, ...others] = await pruneFolders(database, places, shipped, now, true);
      assert.deepEqual(
        [dry!.rows, dry!.bytes, dry!.oldest, dry!.newest, others],
        [2, 8, '2024-01-01', '2026-01-01', []],
      );
      assert.deepEqual(left(store), all);
      assert.deepEqual(await pruneFolders(database, places, shipped, now, false), [dry]);
      assert.deepEqual(left(store), kept);
    }
    const bucket = { stateFolder: folder, objects: 'gs://bucket/objects' };
    assert.deepEqual(await pruneFolders(database, bucket, { ...shipped, cvFolds: 1 }, now, false), []);
  });
});

describe('config/retention.json', () => {
  for (const [what, change, expected] of [
    ['a misspelt name', { forcasts: 1 }, /unknown field "forcasts"\. Did you mean "forecasts"\?/],
    ['half a day', { reports: 0.5 }, /reports is 0\.5, but must be null \(for ever\) or a whole number/],
    ['data that the next run needs', { poolData: 30 }, /at least 400/],
    ['a name left out', { reports: undefined }, /reports is missing/],
  ] as const) {
    test(`refuses ${what} in one line`, () => {
      assert.throws(() => readRetention({ ...shipped, ...change }), expected);
    });
  }
});

test('answers of live sources go when they are old, but not under a run that is open', async (t) => {
  const database = await open(t);
  for (const day of ['2026-09-01', '2026-09-02', '2026-11-19']) {
    await database.query(
      `insert into raw_responses (source, key, day, attempt, status, body, sha256, url, accepted)
       values ('llama-pools', 'pools', $1, 1, 200, '', '', 'http://127.0.0.1/pools', true)`,
      [day],
    );
    await database.query(
      `insert into source_days (day, source, state, required, keys_due, keys_stored, last_good, allowed_days)
       values ($1, 'llama-pools', 'fresh', true, 1, 1, $1, 0)`,
      [day],
    );
  }
  await database.query(`insert into datasets (dataset, source, path) values ('live', 'live', null)`);
  const held = await run(database, '2026-09-02', { status: 'running' });
  await database.query(`update runs set dataset = 'live' where run_id = $1`, [held]);
  await pruneTables(database, everything, now, false);
  for (const table of ['raw_responses', 'source_days']) {
    const { rows } = await database.query<{ day: string }>(`select day::text from ${table} order by day`);
    assert.deepEqual(
      rows.map(({ day }) => day),
      ['2026-09-02', '2026-11-19'],
      table,
    );
  }
});
