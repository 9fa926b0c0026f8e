import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrainingRequest } from '../../../src/kinds/training/ledger.ts';
import { planTraining } from '../../../src/kinds/training/plan.ts';
import type { PlannedData } from '../../../src/kinds/training/plan.ts';

const request = { models: ['linear', 'lightgbm'], trials: 3, params: {} } as unknown as TrainingRequest;
const data: PlannedData = {
  ...{
    task: 'classification',
    taskReason: 'asked for',
    fileRows: 1_000,
    rows: 1_000,
    columns: 11,
    features: 10,
  },
  ...{ classes: 2, validation: 'folds', folds: 5, warnings: [], bytes: 200_000, roomBytes: 1e9 },
};
test('a plan counts every trial on every fold, and what more rows and classes take', () => {
  const plan = planTraining(request, data);
  assert.deepEqual(
    plan.models.map(({ model, trials, fits }) => [model, trials, fits]),
    [
      ['baseline', 1, 5],
      ['linear', 1, 5],
      ['lightgbm', 3, 15],
    ],
  );
  assert.equal(plan.fits, 25);
  const more = planTraining(request, { ...data, rows: 100_000 });
  assert.ok(more.cpuSeconds > 2 * plan.cpuSeconds);
  assert.ok(planTraining(request, { ...data, classes: 10 }).cpuSeconds > 2 * plan.cpuSeconds);
});

test('rows that do not fit into half the memory are said to be too many', () => {
  assert.equal(planTraining(request, data).fitsHere, true);
  assert.equal(planTraining(request, { ...data, bytes: 2e9 }).fitsHere, false);
});

test('numbers of clusters are as many fits', () => {
  const clusters = { ...data, task: 'clustering', classes: 0, folds: 1 } as const;
  const plan = planTraining(
    { ...request, models: undefined, params: { kmeans: { clusters: { low: 3, high: 5 } } } },
    clusters,
  );
  assert.deepEqual(
    plan.models.map(({ model, fits }) => [model, fits]),
    [
      ['kmeans', 3],
      ['gaussian_mixture', 14],
    ],
  );
});
