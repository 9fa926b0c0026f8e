import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailureType } from '../../src/failures.ts';
import { chunkSize, planChunks } from '../../src/planning/chunks.ts';
import type { OpenUnit } from '../../src/planning/chunks.ts';

function units(count: number, of: Partial<OpenUnit> = {}): OpenUnit[] {
  const modelVersion = of.modelVersion ?? 'naive';
  return Array.from({ length: count }, (_, index) => ({
    unit: `${modelVersion}/${String(index).padStart(3, '0')}`,
    modelVersion,
    chunk: null,
    tries: 0,
    failureType: null,
    reason: null,
    ...of,
  }));
}

const failed = (count: number, failureType: FailureType, tries = 1, chunk = 7): OpenUnit[] =>
  units(count, { chunk, tries, failureType, reason: `chunk ${chunk} failed` });

test('units are cut evenly, in order, and no chunk holds two models', () => {
  const { chunks, givenUp } = planChunks([...units(10), ...units(3, { modelVersion: 'xgboost' })], 4);
  assert.deepEqual(
    chunks.map((chunk) => chunk.length),
    [3, 3, 4, 3],
  );
  assert.deepEqual(
    chunks.flat(),
    [...units(10), ...units(3, { modelVersion: 'xgboost' })].map(({ unit }) => unit),
  );
  assert.deepEqual(givenUp, []);
});

test('nothing to do is no chunk', () => {
  assert.deepEqual(planChunks([], 10), { chunks: [], givenUp: [] });
});

test('what would fail again is split in two until the bad unit stands alone, and only that is quarantined', () => {
  const bad = 'naive/037';
  let open = failed(60, 'JobFailed');
  const done = new Set<string>();
  const quarantined: string[] = [];
  let rounds = 0;
  while (open.length > 0) {
    const plan = planChunks(open, 60);
    quarantined.push(...plan.givenUp.map(({ unit }) => unit));
    open = plan.chunks.flatMap((chunk, index) => {
      if (!chunk.includes(bad)) {
        chunk.forEach((unit) => done.add(unit));
        return [];
      }
      return failed(60, 'JobFailed', rounds + 2, 100 * rounds + index).filter(({ unit }) =>
        chunk.includes(unit),
      );
    });
    rounds += 1;
    assert.ok(rounds < 12, 'the bisection ends');
  }
  assert.deepEqual(quarantined, [bad]);
  assert.equal(done.size, 59);
  assert.ok(rounds <= 8, `${rounds} rounds`);
});

test('what passes by itself is sent again as it was, a few times, and then given up', () => {
  assert.deepEqual(planChunks(failed(5, 'Infrastructure'), 2).chunks, [units(5).map(({ unit }) => unit)]);
  const last = planChunks(failed(2, 'NoSpace', 3), 2);
  assert.deepEqual(last.chunks, []);
  assert.deepEqual(
    last.givenUp.map(({ verdict }) => verdict),
    ['failed', 'failed'],
  );
});

test('what ran out of memory is sent in halves', () => {
  assert.deepEqual(
    planChunks(failed(5, 'OutOfMemory'), 100).chunks.map((chunk) => chunk.length),
    [2, 3],
  );
  assert.deepEqual(planChunks(failed(1, 'OutOfMemory'), 100).chunks, [['naive/000']]);
});

test('parts of a chunk that failed for different reasons are judged apart', () => {
  const plan = planChunks(
    [
      ...failed(2, 'JobFailed').map((unit) => ({ ...unit, unit: `a/${unit.unit}`, reason: 'refused' })),
      ...failed(2, 'Infrastructure').map((unit) => ({ ...unit, unit: `b/${unit.unit}`, reason: 'lost' })),
    ],
    10,
  );
  assert.deepEqual(
    plan.chunks.map((chunk) => chunk.length),
    [1, 1, 2],
  );
});

test('the size of a chunk follows what was measured, within bounds', () => {
  assert.equal(chunkSize(7, 2_000), 7);
  assert.equal(chunkSize('auto', 2_000, { rowsPerSecond: 100_000 }), 400);
  assert.equal(chunkSize(undefined, 1, { rowsPerSecond: 1e6 }), 1_000, 'a request stays readable');
  assert.equal(chunkSize('auto', 100_000, { rowsPerSecond: 1 }), 1);
});
