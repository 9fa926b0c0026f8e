import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  actualCost,
  batchDcu,
  estimateCost,
  flatEstimate,
  freeCost,
  nodeDcu,
} from '../../src/planning/cost.ts';
import type { Rates } from '../../src/planning/cost.ts';
import type { Resources } from '../../src/planning/executors.ts';

const rates: Rates = {
  name: 'us-central1',
  date: '2026-11-25',
  dcuUsdPerHour: 0.06,
  premiumDcuUsdPerHour: 0.089,
  shuffleUsdPerGbMonth: 0.04,
  acceleratorUsdPerHour: 0.7,
};

/** 16 GB with the overhead, as the service's default node has. */
const defaultMemoryGb = 16 / 1.1;
const defaults: Resources = {
  executors: 2,
  executorCores: 4,
  executorMemoryGb: defaultMemoryGb,
  driverCores: 4,
  driverMemoryGb: defaultMemoryGb,
  memoryFactor: 1,
  rule: 'document',
};

function near(actual: number | undefined, expected: number): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-9, `${actual} is not ${expected}`);
}

for (const [cores, gb, dcu] of [
  [4, 16, 4],
  [4, 32, 5.6],
  [4, 40, 7.2],
  [8, 16, 6.4],
  [16, 0, 9.6],
] as const) {
  test(`a node of ${cores} cores and ${gb} GB is ${dcu} DCU`, () => near(nodeDcu(cores, gb), dcu));
}

test('three default nodes for 60 s use 720,000 milliDCU-seconds, which are 0.2 DCU-hours', () => {
  near(batchDcu(defaults), 12);
  near(batchDcu(defaults) * 60 * 1_000, 720_000);
  near(estimateCost(defaults, 60, rates).dcuHours, 0.2);
  near(actualCost({ milliDcuSeconds: '720000' }, rates, 60).dcuHours, 0.2);
});

test('the estimate is priced by the rates and says which', () => {
  const cost = estimateCost(defaults, 3_600, rates);
  near(cost.usd, 12 * 0.06);
  assert.deepEqual(
    { seconds: cost.seconds, rates: cost.rates, estimator: cost.estimator },
    { seconds: 3_600, rates: 'us-central1 2026-11-25', estimator: 'dcu' },
  );
});

test('at least a minute is charged', () => {
  assert.deepEqual(estimateCost(defaults, 5, rates), estimateCost(defaults, 60, rates));
});

test('memory is estimated with its overhead', () => {
  near(batchDcu({ ...defaults, executors: 0, driverMemoryGb: 20 }), 0.6 * 4 + 0.1 * 22);
  near(batchDcu({ ...defaults, executors: 0, driverMemoryGb: 1 }), 0.6 * 4 + 0.1 * 1.384);
});

for (const [what, usage, dcuHours, gbMonths, usd] of [
  [
    'text, as the service sends it',
    { milliDcuSeconds: '7200000', shuffleStorageGbSeconds: '5184000' },
    2,
    2,
    0.2,
  ],
  ['numbers', { milliDcuSeconds: 7_200_000, shuffleStorageGbSeconds: 5_184_000 }, 2, 2, 0.2],
  ['accelerators', { milliAcceleratorSeconds: '3600000' }, 0, 0, 0.7],
  ['nothing where nothing was used', { milliDcuSeconds: null }, 0, 0, 0],
] as const) {
  test(`the actual cost takes ${what}`, () => {
    const cost = actualCost(usage, rates, 42);
    near(cost.dcuHours, dcuHours);
    near(cost.gbMonths, gbMonths);
    near(cost.usd, usd);
    assert.equal(cost.seconds, 42);
  });
}

for (const value of ['many', '', '-1', Number.NaN]) {
  test(`a usage of "${value}" is refused`, () => {
    assert.throws(() => actualCost({ milliDcuSeconds: value }, rates, 1), {
      name: 'InvalidInput',
      message: `Usage milliDcuSeconds is "${value}", but must be a number of at least 0.`,
    });
  });
}

test('the flat estimate is 0.10 USD an executor and hour', () => {
  assert.deepEqual(flatEstimate({ executors: 5 }, 7_200), { usd: 1, seconds: 7_200, estimator: 'flat' });
});

test("machines of one's own cost nothing, and their seconds are counted", () => {
  assert.deepEqual(freeCost({ cores: 2, gb: 4, seconds: 10 }), {
    usd: 0,
    seconds: 10,
    coreSeconds: 20,
    gbSeconds: 40,
    estimator: 'free',
  });
});
