import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { listMigrations, migrate } from '../../src/database/migrate.ts';
import { emptyDatabase, testDatabase } from '../support/postgres.ts';

const shipped = fileURLToPath(new URL('../../src/database/migrations', import.meta.url));
const names = listMigrations().map((one) => one.name);

function copyOfMigrations(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sevenfold-migrations-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(shipped, folder, { recursive: true });
  return folder;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(sql);
  await client.end();
  return rows;
}

test('brings an empty database to today, and a second time does nothing', async (t) => {
  const url = await emptyDatabase(t);
  const reported: string[] = [];
  assert.deepEqual(await migrate(url, { report: (name) => reported.push(name) }), names);
  assert.deepEqual(reported, names);
  assert.deepEqual(await migrate(url), []);
  const [runs] = await query(url, "select to_regclass('public.runs') is not null as there");
  assert.equal(runs?.there, true);
});

test('two at once apply each migration once', async (t) => {
  const url = await emptyDatabase(t);
  const applied = await Promise.all([migrate(url), migrate(url), migrate(url)]);
  assert.deepEqual(applied.flat(), names);
  const rows = await query(url, 'select name from schema_migrations order by id');
  assert.deepEqual(
    rows.map((row) => row.name),
    names,
  );
});

test('an applied migration that was edited is refused by name', async (t) => {
  const url = await testDatabase(t);
  const folder = copyOfMigrations(t);
  appendFileSync(path.join(folder, `${names[0]}.sql`), '\n-- a word more\n');
  await assert.rejects(migrate(url, { folder }), {
    name: 'InvalidInput',
    message: new RegExp(`^migrations/${names[0]}\\.sql was edited after it was applied: restore the file`),
  });
});

test('a database newer than the checkout is refused', async (t) => {
  const url = await testDatabase(t);
  const folder = copyOfMigrations(t);
  rmSync(path.join(folder, `${names.at(-1)}.sql`));
  await assert.rejects(
    migrate(url, { folder }),
    new RegExp(`has migration ${names.at(-1)}, which this checkout does not`),
  );
});

test('a migration that fails leaves nothing of itself, keeps those before it and may be mended', async (t) => {
  const url = await testDatabase(t);
  const folder = copyOfMigrations(t);
  writeFileSync(path.join(folder, '900_good.sql'), 'create table kept (id integer);');
  writeFileSync(path.join(folder, '901_bad.sql'), 'create table half (id integer); select 1/0;');
  await assert.rejects(migrate(url, { folder }), {
    name: 'Infrastructure',
    message: 'migration 901_bad failed: division by zero; nothing of it was applied',
  });
  const [found] = await query(
    url,
    "select to_regclass('kept') is not null as kept, to_regclass('half') as half",
  );
  assert.deepEqual(found, { kept: true, half: null });
  writeFileSync(path.join(folder, '901_bad.sql'), 'create table half (id integer);');
  assert.deepEqual(await migrate(url, { folder }), ['901_bad']);
});

test('a wrong address is answered in one line without the password', async (t) => {
  const url = new URL(await testDatabase(t));
  const variant = (change: (copy: URL) => void): string => {
    const copy = new URL(url);
    change(copy);
    return copy.href;
  };
  const cases: [string, RegExp][] = [
    [
      variant((copy) => (copy.password = 'wrong-secret')),
      /refuses this user or password: check DATABASE_URL/,
    ],
    [variant((copy) => (copy.pathname = '/nowhere')), /there is no database of this name/],
    [variant((copy) => (copy.port = '1')), /nothing listens there/],
    ['not an address', /DATABASE_URL is not an address/],
  ];
  for (const [wrong, expected] of cases) {
    await assert.rejects(migrate(wrong), (error: Error) => {
      assert.match(error.message, expected);
      assert.doesNotMatch(error.message, /\n|wrong-secret/);
      if (url.password) assert.ok(!error.message.includes(url.password));
      return true;
    });
  }
});
