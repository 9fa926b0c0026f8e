import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBackfillInput } from '../../../src/kinds/backfill/input.ts';
import { backfillKey } from '../../../src/kinds/backfill/key.ts';
import { placeOf } from '../../../src/kinds/backfill/sinks/index.ts';

const input = { commodity: 'WTI', models: ['naive'], start: '2024-01-02', end: '2024-02-02' };
const key = (given: object) => backfillKey({ ...input, ...given }, '2024-03-01');

test('the usual sink leaves the key of a run as it was, another sink or place makes another', () => {
  // The key of runs before there were sinks.
  assert.equal(key({}), key({ sink: 'postgres' }));
  const keys = [
    key({}),
    key({ sink: 'delta' }),
    key({ sink: 'delta', sinkPath: '/a' }),
    key({ sink: 'delta', sinkPath: '/b' }),
  ];
  assert.equal(new Set(keys).size, keys.length);
});

test('a place is the path that is asked for, else below the object folder; PostgreSQL has none', () => {
  assert.deepEqual(placeOf({}, 'postgres', '/objects'), { name: 'postgres' });
  assert.deepEqual(placeOf({}, 'delta', '/objects'), { name: 'delta', path: '/objects/delta/distributions' });
  assert.deepEqual(placeOf({ sink: 'delta', sinkPath: '/a b//' }, 'postgres', '/o'), {
    name: 'delta',
    path: '/a b',
  });
  assert.deepEqual(placeOf({ sink: 'postgres' }, 'delta', '/o'), { name: 'postgres' });
  for (const path of ['gs://bucket/a folder/table', '/100% new'])
    assert.deepEqual(placeOf({ sink: 'delta', sinkPath: `${path}/` }, 'delta', '/o'), {
      name: 'delta',
      path,
    });
});

for (const [given, message] of [
  [{ sink: 'postgres', sinkPath: '/a' }, /the sink postgres has no path/],
  [{ sink: 'delta', sinkPath: 'gs://bucket' }, /gs:\/\/bucket: it must be gs:\/\/bucket\/folder/],
  [{ sink: 'delta', sinkPath: '/a%20b' }, /cannot be kept at \/a%20b: the Delta library reads %20/],
  [{ sink: 'delta', sinkPath: 'gs://bucket/a%20b' }, /must be gs:\/\/bucket\/folder/],
] as const) {
  test(`${JSON.stringify(given)} is no place`, () => {
    assert.throws(() => placeOf(given, 'postgres', '/objects'), { type: 'InvalidInput', message });
  });
}

test('names and paths of sinks are read by the guards', () => {
  for (const [given, message] of [
    [{ sink: 'detla' }, /sink is "detla"/],
    [{ sink: 'delta', sinkPath: 'a/b' }, /sinkPath is "a\/b", but must be a folder's path from \/ on/],
    [{ sink: 'delta', sinkPath: 7 }, /sinkPath is 7/],
  ] as const) {
    const parsed = parseBackfillInput({ ...input, ...given });
    assert.ok(!parsed.ok);
    assert.match(parsed.message, message);
  }
});
