import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { clientOptions, sessionOptions } from '../../src/database/client-options.ts';
import { migrate } from '../../src/database/migrate.ts';
import { openDatabase } from '../../src/database/pool.ts';
import { dropDatabase, testDatabase } from '../support/postgres.ts';

const embedded = `postgresql://sevenfold:${'0a'.repeat(24)}@127.0.0.1:20001/sevenfold`;

function withVariables(t: TestContext, variables: Record<string, string>): void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

test('formats of a session are ours, whatever the environment, the role or the address says', async (t) => {
  const url = await testDatabase();
  t.after(() => dropDatabase(url));
  withVariables(t, { PGOPTIONS: '-c datestyle=German -c timezone=Asia/Tokyo', PGDATESTYLE: 'SQL, DMY' });
  const name = new URL(url).pathname.slice(1);
  for (const address of [url, `${url}?options=-c%20datestyle%3DGerman%20-c%20work_mem%3D5MB`]) {
    const database = openDatabase(address, 'test', 1);
    await database.query(`alter database ${name} set datestyle = 'SQL, DMY'`);
    await database.query(`alter database ${name} set extra_float_digits = -10`);
    await database.end();
    const again = openDatabase(address, 'test', 1);
    const { rows } = await again.query<Record<string, string>>(
      `select date '2025-09-01'::text as day, timestamptz '2025-09-01 00:00+00'::text as at, (0.1::float8 + 0.2)::text as sum,
              current_setting('work_mem') as memory`,
    );
    await again.end();
    const { memory, ...texts } = rows[0]!;
    assert.deepEqual(texts, { day: '2025-09-01', at: '2025-09-01 00:00:00+00', sum: '0.30000000000000004' });
    if (address !== url) assert.equal(memory, '5MB', 'an option of the address that is its own stays');
  }
  assert.deepEqual(await migrate(url), []);
});

test('the embedded server is never asked for TLS; any other is, where its address or PGSSLMODE says so', () => {
  assert.deepEqual(clientOptions(embedded), {
    connectionString: embedded,
    options: sessionOptions,
    ssl: false,
  });
  for (const other of [
    'postgresql://sevenfold:secret@127.0.0.1:20001/sevenfold',
    'postgresql://jane@db.internal/fund',
    `${embedded}?sslmode=require`,
  ]) {
    assert.equal('ssl' in clientOptions(other), false, other);
  }
});

test('what is no address is left to the library, which says so', () => {
  assert.equal(clientOptions('nonsense').connectionString, 'nonsense');
});
