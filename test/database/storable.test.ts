import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../src/database/pool.ts';
import { testDatabase } from '../support/postgres.ts';

test('no message can keep its row from being written: zero bytes and half characters are replaced', async (t) => {
  const database = openDatabase(await testDatabase(t), 'test');
  t.after(() => database.end());
  const odd = { reason: 'GOLDX\0', half: '\ud83d', list: ['\0'], n: 1 };
  const stored = { reason: 'GOLDX\u2400', half: '\ufffd', list: ['\u2400'], n: 1 };
  const { rows } = await database.query<Record<string, unknown>>(
    'select $1::text as text, $2::jsonb as object, $3::jsonb as json, $4::text[] as list, $5::integer as n, $6::bytea as raw',
    ['a\0b', odd, JSON.stringify(odd), ['c\0d'], 7, Buffer.from([0, 1])],
  );
  assert.deepEqual(rows[0], {
    text: 'a\u2400b',
    object: stored,
    json: stored,
    list: ['c\u2400d'],
    n: 7,
    raw: Buffer.from([0, 1]),
  });
  const named = await database.query<{ text: string }>({ text: 'select $1::text as text', values: ['e\0'] });
  assert.equal(named.rows[0]?.text, 'e\u2400');
  const client = await database.connect();
  const inside = await client.query<{ text: string }>('select $1::text as text', ['f\0']);
  client.release();
  assert.equal(inside.rows[0]?.text, 'f\u2400');
});
