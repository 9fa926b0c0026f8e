import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { views } from '../../src/exports/views.ts';
import { exportView } from '../../src/exports/write.ts';
import type { ExportRequest } from '../../src/exports/write.ts';
import { descendantsOf, isSame } from '../../src/stack/processes.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { testDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const { checkout, stateFolder } = readConfig();
const { python } = locateToolchain(stateFolder);

interface Place {
  database: Database;
  folder: string;
  file: (name: string) => string;
  write: (view: string, name: string, change?: Partial<ExportRequest>) => ReturnType<typeof exportView>;
}

async function place(t: TestContext): Promise<Place> {
  const databaseUrl = await testDatabase(t);
  const database = openDatabase(databaseUrl, 'test', 2);
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-export-'));
  t.after(async () => {
    await database.end();
    rmSync(folder, { recursive: true });
  });
  return {
    database,
    folder,
    file: (name) => join(folder, name),
    write: (view, name, change = {}) =>
      exportView(
        {
          view: views.find((one) => one.name === view)!,
          dataset: undefined,
          from: undefined,
          to: undefined,
          file: join(folder, name),
          force: false,
          ...change,
        },
        { python, checkout, databaseUrl },
      ),
  };
}

/** What pyarrow reads of a Parquet file: the types, and the rows with every value as its exact text. */
function readParquet(file: string): {
  schema: Record<string, string>;
  rows: Record<string, string | null>[];
} {
  const script = `
import json, sys
from pyarrow import parquet
table = parquet.read_table(sys.argv[1])
text = lambda value: None if value is None else value.isoformat() if hasattr(value, 'isoformat') else repr(value) if isinstance(value, float) else str(value)
print(json.dumps({'schema': {field.name: str(field.type) for field in table.schema},
                  'rows': [{name: text(value) for name, value in row.items()} for row in table.to_pylist()]}))`;
  return JSON.parse(execFileSync(python, ['-c', script, file], { encoding: 'utf8' })) as ReturnType<
    typeof readParquet
  >;
}

async function balances(database: Database): Promise<void> {
  await database.query(
    `insert into daily_balances values
       ('sample', 'paper', '2026-01-30', 'USDC', null, null, 99999999999999999999.123456789012345678, 0,
        99999999999999999999.123456789012345678, 0, 0, 0.99980000, '2026-01-29'),
       ('sample', 'paper', '2026-01-31', 'GHO', 'pool-1', null, 0, 0.000000000000000001, 0, 0, 0.000000000000000001, 1, null),
       ('files/x', 'paper', '2026-01-31', 'DAI', null, '', 1, 0, 1, 0, 0, 1, null)`,
  );
}

describe('export', () => {
  test('Parquet holds what the database holds: exact amounts, dates, nulls', async (t) => {
    const { database, file, write } = await place(t);
    await balances(database);
    const written = await write('balances', 'b.parquet');
    assert.equal(written.rows, 3);
    const { schema, rows } = readParquet(file('b.parquet'));
    assert.equal(schema['carried'], 'decimal128(38, 18)');
    assert.equal(schema['price_usd'], 'decimal128(20, 8)');
    assert.equal(schema['date'], 'date32[day]');
    const { rows: due } = await database.query<Record<string, string | null>>(
      `select carried::text, price_date::text, wallet_address, pool_id, flow::text, date::text from daily_balances
        order by dataset, portfolio, date, token_symbol, pool_id`,
    );
    const found = rows.map(({ carried, price_date, wallet_address, pool_id, flow, date }) => ({
      carried,
      price_date,
      wallet_address,
      pool_id,
      flow: flow === '1E-18' ? '0.000000000000000001' : flow === '0E-18' ? '0.000000000000000000' : flow,
      date,
    }));
    assert.deepEqual(
      found.map((row) => ({
        ...row,
        carried: row.carried === '0E-18' ? '0.000000000000000000' : row.carried,
      })),
      due,
    );
    assert.equal(found[0]!.wallet_address, '', 'no text is not null');
  });

  test('every digit of a double and every microsecond come through, truth values and lists too', async (t) => {
    const { database, file, write } = await place(t);
    await database.query(
      `insert into pools (dataset, pool_id, tvl, apy, underlying_tokens, is_active, last_updated, change_seq) values
         ('sample', 'a', 0.1::float8 + 0.2::float8, 1e-300, '{USDC,"x,y"}', true, '2026-01-31 23:59:59.123456+02', 1),
         ('sample', 'b', null, null, '{}', false, '2026-01-31 00:00:00Z', 2)`,
    );
    await write('pools', 'p.parquet');
    const { schema, rows } = readParquet(file('p.parquet'));
    assert.equal(schema['last_updated'], 'timestamp[us, tz=UTC]');
    assert.equal(schema['is_active'], 'bool');
    const [a, b] = rows;
    assert.equal(a!['tvl'], '0.30000000000000004');
    assert.equal(a!['apy'], '1e-300');
    assert.equal(a!['underlying_tokens'], '["USDC", "x,y"]');
    assert.equal(a!['last_updated'], '2026-01-31T21:59:59.123456+00:00');
    assert.deepEqual([b!['tvl'], b!['apy'], b!['is_active']], [null, null, 'False']);
    await database.query(
      `insert into pool_daily_metrics (dataset, pool_id, date, stddev_apy_7d) values ('sample', 'b', '2026-01-31', 'NaN')`,
    );
    await write('metrics', 'm.parquet');
    assert.equal(readParquet(file('m.parquet')).rows[0]!['stddev_apy_7d'], 'nan');
  });

  test('CSV keeps to RFC 4180, whatever a text holds', async (t) => {
    const { database, file, write } = await place(t);
    await database.query(
      `insert into runs (key, kind, dataset, date, workflow_id, workflow_run_id, input, statement)
       values ('k', 'dailyPipeline', 'sample', '2026-01-31', '', 'r', '{"a": 1}', $1)`,
      ['He said "no",\nthen\r\nnothing 100 %'],
    );
    await database.query(
      `insert into checks values ((select run_id from runs), 'u', 'n', 'warn', false, '', '=1+1', $1, '2026-02-01T00:00:00Z')`,
      ['plain'],
    );
    await write('runs', 'r.csv');
    const runs = readFileSync(file('r.csv'), 'utf8');
    assert.match(runs, /^dataset,date,key,kind,run_id,/);
    assert.ok(runs.includes('"He said ""no"",\nthen\r\nnothing 100 %"'));
    assert.ok(runs.includes('"{""a"": 1}"'));
    assert.match(runs, /,"",r,/, 'no text is quoted, null is nothing');
    assert.ok(runs.endsWith('\r\n'));
    assert.match(runs, /[^\r]\nthen/, 'a line feed inside of a value stays one');
    await write('checks', 'c.csv');
    assert.equal(
      readFileSync(file('c.csv'), 'utf8').split('\r\n')[1],
      'sample,2026-01-31,k,u,n,warn,false,"",=1+1,plain,2026-02-01T00:00:00.000000Z',
    );
  });

  test('a restriction by data set and day holds, and a quote in it is only a letter', async (t) => {
    const { database, file, write } = await place(t);
    await balances(database);
    const lines = () => readFileSync(file('b.csv'), 'utf8').trimEnd().split('\r\n').length - 1;
    for (const [change, rows] of [
      [{ dataset: 'sample' }, 2],
      [{ dataset: "x' or true --" }, 0],
      [{ from: '2026-01-31' }, 2],
      [{ dataset: 'sample', to: '2026-01-30' }, 1],
      [{ from: '2026-01-30', to: '2026-01-31' }, 3],
    ] as const) {
      const written = await write('balances', 'b.csv', { ...change, force: true });
      assert.deepEqual([written.rows, lines()], [rows, rows], JSON.stringify(change));
    }
    await assert.rejects(write('pools', 'p.csv', { from: '2026-01-31' }), /rows of pools have no day/);
  });

  test('every view can be written, also without rows, and has the columns that it is restricted and ordered by', async (t) => {
    const { file, write } = await place(t);
    for (const { name, day, order } of views) {
      assert.equal((await write(name, `${name}.parquet`)).rows, 0, name);
      const columns = Object.keys(readParquet(file(`${name}.parquet`)).schema);
      const needed = ['dataset', ...(day === null ? [] : [day]), ...order];
      assert.deepEqual(
        needed.filter((column) => !columns.includes(column)),
        [],
        name,
      );
    }
  });

  test('the same rows make the same file', async (t) => {
    const { database, file, write } = await place(t);
    await balances(database);
    await write('balances', 'one.parquet');
    await database.query('update daily_balances set portfolio = portfolio'); // other places on disk
    await write('balances', 'two.parquet');
    assert.ok(readFileSync(file('one.parquet')).equals(readFileSync(file('two.parquet'))));
  });

  test('a file that is there is replaced only when asked, and a failed export leaves it as it was', async (t) => {
    const { database, folder, file, write } = await place(t);
    writeFileSync(file('b.csv'), 'mine');
    await assert.rejects(write('balances', 'b.csv'), /is there already: replace it with --force/);
    await database.query('alter table daily_balances rename to gone');
    await assert.rejects(write('balances', 'b.csv', { force: true }), {
      message: /daily_balances.* does not exist/,
    });
    assert.equal(readFileSync(file('b.csv'), 'utf8'), 'mine');
    assert.deepEqual(readdirSync(folder), ['b.csv']);
    await database.query('alter table gone rename to daily_balances');
    await write('balances', 'b.csv', { force: true });
    assert.match(readFileSync(file('b.csv'), 'utf8'), /^dataset,/);
  });

  test('what a killed export left beside the file goes with the next one', async (t) => {
    const { folder, file, write } = await place(t);
    writeFileSync(file('.b.csv.999999999.unfinished'), 'half');
    await write('balances', 'b.csv');
    assert.deepEqual(readdirSync(folder), ['b.csv']);
  });

  test('an export that is killed leaves the file as it was, and no process', async (t) => {
    const databaseUrl = await testDatabase(t);
    const { folder, file } = await place(t);
    writeFileSync(file('e.csv'), 'mine');
    const program = fileURLToPath(new URL('./long-export.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program, file('e.csv')], {
      env: { ...process.env, DATABASE_URL: databaseUrl },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data'); // it writes
    const writers = descendantsOf(child.pid!);
    assert.equal(readdirSync(folder).length, 2);
    assert.ok(
      writers.every(({ pid }) => !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgresql://')),
    );
    child.kill('SIGKILL');
    await until('nobody writes any more', () => writers.length > 0 && !writers.some(isSame));
    assert.equal(readFileSync(file('e.csv'), 'utf8'), 'mine');
  });

  test('an ending that is neither is refused', async (t) => {
    const { write, file } = await place(t);
    await assert.rejects(write('balances', 'b.xlsx'), /must end in \.csv or \.parquet/);
    assert.equal(existsSync(file('b.xlsx')), false);
  });
});
