import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateSize } from '../../src/planning/data-size.ts';
import {
  driverMemoryGb,
  executorCores,
  executorCount,
  executorMemoryGb,
  fitCores,
  mostMemoryGb,
  planResources,
  withOverhead,
} from '../../src/planning/executors.ts';
import type { ResourceRequest } from '../../src/planning/executors.ts';

for (const [mb, models, tuning, executors] of [
  [100, 1, false, 2],
  [1_000, 1, false, 2],
  [1_001, 1, false, 4],
  [5_000, 4, true, 7],
  [10_001, 1, false, 12],
  [20_000, 5, true, 15],
  [10_000, 1, false, 4],
  [100, 3, false, 2],
  [100, 4, false, 4],
  [100, 1, true, 3],
  [0, 1, false, 2],
] as const) {
  test(`rule A: ${mb} MB, ${models} models${tuning ? ', tuning' : ''} are ${executors} executors`, () => {
    assert.equal(executorCount(mb, models, tuning, 2, 100), executors);
  });
}

for (const [what, mb, min, max, executors] of [
  ['at most the limit after every step', 20_000, 2, 10, 10],
  ['a step from the limit stays at it', 20_000, 2, 3, 3],
  ['at least the minimum at the end', 100, 8, 100, 8],
] as const) {
  test(`rule A: ${what}`, () => assert.equal(executorCount(mb, 5, true, min, max), executors));
}

for (const [gb, models, tuning, cores] of [
  [0.99, 1, false, 4],
  [1, 1, false, 8],
  [49.9, 1, false, 8],
  [50, 1, false, 16],
  [0.5, 5, false, 4],
  [0.5, 6, false, 8],
  [0.5, 1, true, 8],
  [0.5, 6, true, 16],
  [1, 6, true, 16],
  [50, 6, true, 16],
] as const) {
  test(`${gb} GB, ${models} models${tuning ? ', tuning' : ''} are ${cores} cores an executor`, () => {
    assert.equal(executorCores(gb, models, tuning), cores);
  });
}

for (const [rows, gb, models, tuning, memory] of [
  [0, 0.09, 1, false, 4],
  [0, 0.1, 1, false, 8],
  [0, 1, 1, false, 20],
  [0, 10, 1, false, 32],
  [0, 100, 1, false, 48],
  [500_000, 0.09, 1, false, 20],
  [100_001, 0.09, 1, false, 20],
  [100_000, 0.09, 1, false, 4],
  [500_001, 0.09, 1, false, 20],
  [1_000_001, 0.09, 1, false, 24],
  [2_000_001, 0.09, 1, false, 32],
  [0, 0.5, 4, false, 8],
  [0, 0.5, 5, false, 9],
  [0, 0.5, 1, true, 10],
  [0, 0.5, 5, true, 11],
  [0, 1, 5, false, 24],
  [0, 1, 5, true, 31],
  [2_000_001, 200, 5, true, 49],
] as const) {
  test(`${rows} rows, ${gb} GB, ${models} models${tuning ? ', tuning' : ''} are ${memory} GB an executor`, () => {
    assert.equal(executorMemoryGb({ rows, memoryGb: gb }, models, tuning), memory);
  });
}

for (const [rows, gb, memory] of [
  [0, 0.09, 6],
  [0, 0.1, 8],
  [0, 1, 10],
  [0, 10, 12],
  [0, 1_000, 12],
  [500_001, 0, 12],
  [1_000_001, 0, 14],
  [2_000_001, 0, 16],
] as const) {
  test(`${rows} rows, ${gb} GB are ${memory} GB for the driver`, () => {
    assert.equal(driverMemoryGb({ rows, memoryGb: gb }), memory);
  });
}

const usual: ResourceRequest = {
  size: estimateSize({ dataSizeMb: 2_048, rows: 10_000 }),
  models: 1,
  tuning: false,
  min: 2,
  max: 100,
};

test('a plan holds what the rule and the tables say', () => {
  assert.deepEqual(planResources(usual), {
    executors: 4,
    executorCores: 8,
    executorMemoryGb: 20,
    driverCores: 4,
    driverMemoryGb: 10,
    memoryFactor: 1,
    rule: 'document',
  });
});

for (const [count, executors] of [
  [1, 2],
  [7, 7],
  [500, 100],
] as const) {
  test(`a fixed count of ${count} is ${executors} within the limits`, () => {
    const plan = planResources({ ...usual, count });
    assert.deepEqual([plan.executors, plan.rule], [executors, 'fixed']);
  });
}

test('data of unknown size gets the least', () => {
  const size = estimateSize({ dataSizeMb: -1 });
  const { executors, executorCores, executorMemoryGb, driverMemoryGb } = planResources({ ...usual, size });
  assert.deepEqual([executors, executorCores, executorMemoryGb, driverMemoryGb], [2, 4, 4, 6]);
});

test('the overhead is a tenth, and at least 384 MB', () => {
  assert.equal(withOverhead(2), 2.384);
  assert.equal(withOverhead(20), 22);
});

for (const [what, request, expected] of [
  [
    '32 GB on 4 cores go to 8',
    { size: estimateSize({ dataSizeMb: 10, rows: 3_000_000 }) },
    { executorCores: 8, executorMemoryGb: 32 },
  ],
  [
    '28 GB on 4 cores go to 8',
    { size: estimateSize({ dataSizeMb: 10, rows: 1_500_000 }), models: 5 },
    { executorCores: 8, executorMemoryGb: 28 },
  ],
  [
    '24 GB on 4 cores stay there',
    { size: estimateSize({ dataSizeMb: 10, rows: 1_500_000 }) },
    { executorCores: 4, executorMemoryGb: 24 },
  ],
  [
    '5 GB on 16 cores are raised to 15',
    { size: estimateSize({ dataSizeMb: 10 }), models: 6, tuning: true },
    { executorCores: 16, executorMemoryGb: 15 },
  ],
  [
    'twice the memory goes to more cores where it must',
    { memoryFactor: 3 },
    { executorCores: 16, executorMemoryGb: 60 },
  ],
  [
    'a driver with twice the memory stays on 4 cores',
    { memoryFactor: 2 },
    { driverCores: 4, driverMemoryGb: 20 },
  ],
  ['with four times it goes to 8', { memoryFactor: 4 }, { driverCores: 8, driverMemoryGb: 40 }],
  [
    'more memory ends at what the largest machine holds',
    { memoryFactor: 16 },
    { executorCores: 16, executorMemoryGb: mostMemoryGb, driverCores: 16, driverMemoryGb: mostMemoryGb },
  ],
  [
    'what a setting asks for wins over the tables',
    { executorMemoryGb: 40, driverMemoryGb: 4 },
    { executorCores: 8, executorMemoryGb: 40, driverCores: 4, driverMemoryGb: 4 },
  ],
] as const) {
  test(`memory a core: ${what}`, () => {
    const plan = planResources({ ...usual, ...request });
    assert.deepEqual(plan, { ...plan, ...expected });
  });
}

for (const [what, request, message] of [
  [
    'too little',
    { executorMemoryGb: 4 },
    /SPARK_EXECUTOR_MEMORY is 4 GB for 8 cores: with its overhead 0\.55 GB a core.* at least 8 GB/,
  ],
  [
    'too much',
    { executorMemoryGb: 120 },
    /SPARK_EXECUTOR_MEMORY is 120 GB: .* 8\.25 GB a core on 16 cores.* at most 105 GB/,
  ],
  ['too little for the driver', { driverMemoryGb: 2 }, /SPARK_DRIVER_MEMORY is 2 GB for 4 cores/],
] as const) {
  test(`memory a core: ${what} is refused in one line`, () => {
    assert.throws(() => planResources({ ...usual, ...request }), { name: 'InvalidInput', message });
  });
}

test('every plan of the tables is one that the service accepts', () => {
  for (const rows of [0, 100_001, 600_000, 1_500_000, 3_000_000]) {
    for (const dataSizeMb of [1, 200, 2_000, 20_000, 60_000, 200_000]) {
      for (const models of [1, 4, 5, 6]) {
        for (const tuning of [false, true]) {
          for (const memoryFactor of [1, 2, 4, 8]) {
            const size = estimateSize({ dataSizeMb, rows });
            const plan = planResources({ ...usual, size, models, tuning, memoryFactor });
            assert.equal(fitCores('e', plan.executorCores, plan.executorMemoryGb), plan.executorCores);
            assert.equal(fitCores('d', plan.driverCores, plan.driverMemoryGb), plan.driverCores);
          }
        }
      }
    }
  }
});
