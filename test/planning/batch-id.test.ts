import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { batchId } from '../../src/planning/batch-id.ts';

const pattern = /^[a-z][a-z0-9-]{2,61}[a-z0-9]$/;
const key = 'daily/files/real/2025-06-30';

test('is the same for the same request, so that a lost answer is found again', () => {
  assert.equal(
    batchId('sf', 'pool_metrics', key, 'metrics', 1),
    batchId('sf', 'pool_metrics', key, 'metrics', 1),
  );
});

test('differs by key, chunk and attempt, also where their text runs together', () => {
  const ids = [
    batchId('sf', 'job', key, 'metrics', 1),
    batchId('sf', 'job', key, 'metrics', 2),
    batchId('sf', 'job', key, 'ingest', 1),
    batchId('sf', 'job', `${key}+parity`, 'metrics', 1),
    batchId('sf', 'job', 'a', 'bc', 1),
    batchId('sf', 'job', 'ab', 'c', 1),
    batchId('sf', 'job', key, 'metrics1', 1),
    batchId('sf', 'job', key, 'metrics', 11),
  ];
  assert.equal(new Set(ids).size, ids.length);
});

test('ends in eight hex digits of the sha256 of what the batch is for', () => {
  const digest = createHash('sha256')
    .update(JSON.stringify([key, 'metrics', 3]))
    .digest('hex');
  assert.equal(batchId('sf', 'pool_metrics', key, 'metrics', 3), `sf-pool-metrics-${digest.slice(0, 8)}`);
});

for (const [prefix, job, head] of [
  ['SF', 'Pool__Metrics', 'sf-pool-metrics-'],
  ['my.team', '--job  name--', 'my-team-job-name-'],
  ['sf', 'ü', undefined],
  ['7f', 'job', undefined],
  ['', 'job', undefined],
  ['p'.repeat(52), 'job', `${'p'.repeat(52)}-j-`],
  ['p'.repeat(53), 'job', undefined],
] as const) {
  test(`prefix "${prefix}" and job "${job}" ${head === undefined ? 'are refused' : `become ${head}…`}`, () => {
    if (head === undefined) {
      assert.throws(() => batchId(prefix, job, key, '', 1), { name: 'InvalidInput' });
      return;
    }
    const id = batchId(prefix, job, key, '', 1);
    assert.ok(id.startsWith(head), id);
    assert.match(id, pattern);
  });
}

test('cuts a long job name and never the part that makes the id unique', () => {
  const job = `a${'-b'.repeat(60)}`;
  const first = batchId('sf', job, key, 'metrics', 1);
  const second = batchId('sf', job, key, 'metrics', 2);
  assert.ok(first.length <= 63);
  assert.match(first, pattern);
  assert.ok(!first.includes('--'), first);
  assert.notEqual(first, second);
});
