import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CvPlan } from '../../../src/kinds/cross-validation/planning/mode.ts';
import { planMode } from '../../../src/kinds/cross-validation/planning/mode.ts';
import { limitOfFits, planFits } from '../../../src/kinds/cross-validation/planning/fit-chunks.ts';
import type { OpenFit } from '../../../src/kinds/cross-validation/planning/fit-chunks.ts';
import { fitWork } from '../../../src/kinds/cross-validation/planning/fit-work.ts';

function fit(model: string, fold: number, seconds: number, of: Partial<OpenFit> = {}): OpenFit {
  const known = {
    modelVersion: model,
    fold,
    seconds,
    chunk: null,
    tries: 0,
    failureType: null,
    reason: null,
  };
  return { unit: `${model}/fold ${fold}`, ...known, ...of };
}

const plan = (mode: CvPlan['mode'], processes = 2): CvPlan => ({ mode, processes, why: '', workSeconds: 0 });
const four = [fit('a', 1, 1), fit('a', 2, 2), fit('b', 1, 5), fit('b', 2, 9)];

test('with Spark every fold is a batch of its own, the widest first, and in it the longest fit', () => {
  assert.deepEqual(planFits(four, plan('spark_local')).chunks, [
    ['b/fold 2', 'a/fold 2'],
    ['b/fold 1', 'a/fold 1'],
  ]);
});

test('several processes share one batch, the longest fit first', () => {
  assert.deepEqual(planFits(four, plan('mp')).chunks, [['b/fold 2', 'b/fold 1', 'a/fold 2', 'a/fold 1']]);
});

test('one process takes models and folds in their order', () => {
  assert.deepEqual(planFits(four, plan('pandas', 1)).chunks, [four.map(({ unit }) => unit)]);
});

test('long work is cut, so that a run can be paused within minutes', () => {
  const long = Array.from({ length: 10 }, (_, index) => fit('a', index + 1, 100));
  assert.deepEqual(
    planFits(long, plan('pandas', 1)).chunks.map((chunk) => chunk.length),
    [6, 4],
  );
});

test('a batch may take many times what is expected of it, and an hour in any case', () => {
  const hours = (ms: number): number => ms / 3_600_000;
  const fits = (...seconds: number[]) => seconds.map((each) => ({ seconds: each }));
  assert.equal(hours(limitOfFits(fits(1, 2), 2)), 1);
  assert.equal(hours(limitOfFits(fits(600, 600), 2)), 20 / 6);
  assert.equal(hours(limitOfFits(fits(600, 600), 1)), 20 / 3);
  assert.equal(hours(limitOfFits(fits(3_600), 8)), 20, 'a fit has one process');
  assert.equal(hours(limitOfFits(fits(1e9), 1)), 7 * 24);
  assert.equal(hours(limitOfFits([], 2)), 1);
});

test('a fit that would fail again stands alone, then is set apart; the others go on', () => {
  const failed = { chunk: 3, tries: 1, failureType: 'JobFailed' as const, reason: 'no event' };
  const alone = planFits([fit('a', 1, 1, failed), fit('b', 1, 1)], plan('mp'));
  assert.deepEqual(alone.chunks, [['b/fold 1']]);
  assert.deepEqual(alone.givenUp, [{ unit: 'a/fold 1', verdict: 'quarantined' }]);
  const lost = { ...failed, failureType: 'Infrastructure' as const };
  assert.deepEqual(planFits([fit('a', 1, 1, lost)], plan('mp')).chunks, [['a/fold 1']]);
});

test('nothing to do is no batch', () => {
  for (const mode of ['pandas', 'mp', 'spark_local', 'spark_cluster'] as const) {
    assert.deepEqual(planFits([], plan(mode)), { chunks: [], givenUp: [] });
  }
});

const input = { dataset: 'x', task: 'survival' } as const;
const machine = { cores: 2, cluster: false };

test('the mode follows the expected work, not the size of a file', () => {
  assert.equal(planMode(input, 3, machine).mode, 'pandas');
  assert.equal(planMode(input, 30, machine).mode, 'mp');
  assert.equal(planMode(input, 300, machine).mode, 'mp', 'Spark of this machine has no more cores');
  assert.equal(planMode(input, 300, { ...machine, cores: 1 }).mode, 'pandas');
  assert.equal(planMode(input, 300, { ...machine, cluster: true }).mode, 'spark_cluster');
  assert.equal(planMode(input, 30, { ...machine, cores: 1 }).mode, 'pandas', 'one core gains nothing by two');
  assert.equal(planMode({ ...input, pandasBelow: 100, mpBelow: 100 }, 99, machine).mode, 'pandas');
});

test('what is asked for is done, and how many fits at a time', () => {
  assert.equal(planMode({ ...input, mode: 'spark_local' }, 1, machine).mode, 'spark_local');
  assert.deepEqual(planMode({ ...input, mode: 'mp', jobs: 5 }, 1, machine).processes, 5);
  assert.equal(planMode({ ...input, sparkMaster: 'spark://h:7077' }, 1, machine).mode, 'spark_cluster');
  const local = planMode({ ...input, sparkMaster: 'local[4]' }, 1, machine);
  assert.deepEqual([local.mode, local.processes], ['spark_local', 4]);
});

test('what was measured corrects what is expected, but promises no more memory than was seen', () => {
  const size = { rows: 100_000, columns: 10 };
  const usual = fitWork('gbsa', 'sample', size);
  const measured = fitWork('gbsa', 'sample', size, { secondsPerMillion: 3, peakMb: 200, cells: 2_000_000 });
  assert.equal(measured.seconds, 3);
  assert.equal(measured.megabytes, 250);
  const larger = fitWork('gbsa', 'sample', size, { secondsPerMillion: 3, peakMb: 200, cells: 500_000 });
  assert.equal(larger.megabytes, usual.megabytes);
});
