import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  planBackfill,
  planDifference,
  usualOfSink,
  usualParts,
} from '../../../src/kinds/backfill/planning/plan.ts';
import type { ModelWork, PlanFacts, PlanParts } from '../../../src/kinds/backfill/planning/plan.ts';
import { planToken } from '../../../src/kinds/backfill/plan-token.ts';

const parts: PlanParts = {
  rowsPerSecond: 500_000,
  measuredCores: 2,
  serialSecondsOfABatch: 0.8,
  submitSecondsOfABatch: 0.2,
  trainSecondsOfAWindow: 0.5,
  batches: 3,
  bytesOfARow: 150,
  bytesMeasured: true,
  mostRowsPerSecond: null,
  verifiedRowsPerSecond: 2_600_000,
};

function workOf({ toDo = 2_872, whole = 0, toTrain = 24, model = 'xgboost' } = {}): ModelWork {
  return {
    model,
    modelVersion: model,
    windows: { stored: 24 - toTrain, changed: 0, toTrain, tooLittleHistory: 0 },
    dates: {
      ...{ due: toDo + whole, whole, changed: 0, partial: 0, missing: toDo, tooLittleHistory: 0 },
      toDo,
    },
  };
}

const rates = { dcuUsdPerHour: 0.06 };
const usual = { paths: 2_000, chunk: 'auto' } as const;

describe('what a backfill takes', () => {
  test('rows, bytes and batches of the whole range are counted', () => {
    const plan = planBackfill([workOf()], usual, parts, 2, rates);
    assert.equal(plan.rows, 5_744_000);
    assert.equal(plan.chunks.dates, 1_000, 'a batch holds at most a thousand dates');
    assert.deepEqual([plan.chunks.batches, plan.chunks.trainingBatches], [3, 1]);
    assert.equal(plan.bytes, 5_744_000 * 150 + 2_872 * 5_000);
  });

  test('batches hold one model each, so two models round up twice', () => {
    const work = [workOf({ toDo: 15 }), workOf({ toDo: 15, model: 'naive' })];
    assert.equal(planBackfill(work, { paths: 2_000, chunk: 10 }, parts, 2, rates).chunks.batches, 4);
  });

  test('the time is that of the batches that were measured, on the cores of their machine', () => {
    const { seconds } = planBackfill([workOf({ toTrain: 0 })], usual, parts, 2, rates);
    // 5,744,000 rows at 500,000 a second are 11.5 s, of which 0.8 in every 4 s of a batch are not shared.
    assert.ok(Math.abs(seconds.infer - 11.488 * 0.8) < 0.01, String(seconds.infer));
    assert.ok(Math.abs(seconds.overhead - 3) < 1e-9, '3 batches of 0.2 + 0.8 s');
    assert.ok(
      Math.abs(seconds.infer + 3 * 0.8 - 11.488) < 0.3,
      'starting and working add up to what was measured',
    );
    assert.equal(seconds.total, seconds.train + seconds.infer + seconds.overhead + seconds.verify);
  });

  test('nothing to do takes the time of looking and no batch', () => {
    const plan = planBackfill([workOf({ toDo: 0, whole: 2_872, toTrain: 0 })], usual, parts, 2, rates);
    assert.deepEqual([plan.rows, plan.bytes, plan.chunks.batches, plan.chunks.trainingBatches], [0, 0, 0, 0]);
    assert.ok(plan.seconds.total > 1 && plan.seconds.total < 10, String(plan.seconds.total));
    assert.ok(plan.sizings.every(({ seconds, efficiency }) => Number.isFinite(seconds + efficiency)));
  });

  test('more cores are never slower, and never faster than their number allows', () => {
    const { sizings } = planBackfill([workOf()], usual, parts, 2, rates);
    assert.deepEqual(
      sizings.map(({ cores }) => cores),
      [2, 4, 8, 16, 32, 64, 128],
    );
    for (const [index, sizing] of sizings.entries()) {
      if (index > 0) assert.ok(sizing.seconds <= sizings[index - 1]!.seconds);
      assert.ok(sizing.speedUp <= sizing.cores / 2 + 1e-9);
      assert.ok(sizing.efficiency > 0 && sizing.efficiency <= 1 + 1e-9);
    }
    const serial = 4 * 1 + 5_744_000 / 2_600_000;
    assert.ok(sizings.at(-1)!.seconds > serial, 'what is serial stays');
  });

  test('partitions are two to four for each core and no larger than a transaction may be', () => {
    for (const { cores, partitions, datesOfAPartition } of planBackfill([workOf()], usual, parts, 2, rates)
      .sizings) {
      assert.ok(partitions >= 2 * cores && partitions <= 4 * cores, `${partitions} on ${cores}`);
      assert.ok(datesOfAPartition <= 60);
    }
    const few = planBackfill([workOf({ toDo: 5 })], usual, parts, 2, rates).sizings;
    assert.deepEqual(
      few.slice(0, 3).map(({ partitions, datesOfAPartition }) => [partitions, datesOfAPartition]),
      [
        [4, 2],
        [5, 1],
        [5, 1],
      ],
      'never more than there are dates',
    );
  });

  test('the recommended machine is the largest that is kept busy', () => {
    const small = planBackfill([workOf({ toDo: 60, toTrain: 1 })], usual, parts, 2, rates);
    const large = planBackfill([workOf({ toDo: 100_000 })], usual, parts, 2, rates);
    assert.equal(small.recommended.cores, 2);
    assert.ok(large.recommended.cores > small.recommended.cores);
    assert.ok(large.recommended.efficiency >= 0.5);
  });

  test('a rented machine is billed by the minute at least, and none is rented below its smallest', () => {
    const { sizings } = planBackfill([workOf({ toDo: 10, toTrain: 0 })], usual, parts, 2, rates);
    assert.deepEqual(
      sizings.slice(0, 2).map(({ dataprocUsd }) => dataprocUsd),
      [null, null],
    );
    // A driver and two executors, 12 DCU for 60 s, are 0.2 DCU-hours at 0.06 USD.
    assert.ok(Math.abs(sizings[2]!.dataprocUsd! - 0.012) < 1e-12);
  });

  test('where starting takes as long as a batch, the plan stays finite', () => {
    const slow = { ...parts, serialSecondsOfABatch: 20 };
    const plan = planBackfill([workOf()], { paths: 1, chunk: 1 }, slow, 2, rates);
    assert.ok(Number.isFinite(plan.seconds.total) && plan.seconds.infer > 0);
  });

  test('a sink that takes no more rows a second is what limits many cores, and a sink without a bound is not', () => {
    const bound = { ...parts, mostRowsPerSecond: 800_000 };
    const work = [workOf({ toDo: 100_000, toTrain: 0 })];
    const limits = (of: PlanParts) =>
      Object.fromEntries(
        planBackfill(work, usual, of, 2, rates).sizings.map(({ cores, limit }) => [cores, limit]),
      );
    assert.deepEqual(
      [2, 8, 32, 128].map((cores) => limits(bound)[cores]),
      ['cores', 'the sink', 'the sink', 'the sink'],
    );
    assert.ok(!Object.values(limits(parts)).includes('the sink'));
    const { sizings } = planBackfill(work, usual, bound, 2, rates);
    assert.ok(sizings.at(-1)!.seconds >= 200_000_000 / 800_000);
  });

  test('few dates are limited by the number of their tasks, few windows by theirs', () => {
    const limitOn128 = (work: ModelWork) =>
      planBackfill([work], usual, { ...parts, serialSecondsOfABatch: 0 }, 2, rates).sizings.at(-1)!.limit;
    assert.equal(limitOn128(workOf({ toDo: 300, toTrain: 0 })), 'tasks of 60 dates');
    const training = { ...parts, trainSecondsOfAWindow: 60 };
    assert.equal(
      planBackfill([workOf()], usual, training, 2, rates).sizings.at(-1)!.limit,
      'training windows',
    );
  });

  test('of the same dates a table of files holds a third of the bytes and has no bound', () => {
    const planned = Object.fromEntries(
      Object.entries(usualOfSink).map(([sink, of]) => [
        sink,
        planBackfill([workOf()], usual, { ...parts, ...of }, 2, rates),
      ]),
    );
    assert.ok(planned['delta']!.bytes * 3 < planned['postgres']!.bytes);
    assert.ok(planned['delta']!.sizings[2]!.seconds < planned['postgres']!.sizings[2]!.seconds);
  });

  test('the usual parts are complete', () => {
    for (const [name, value] of Object.entries(usualParts)) assert.ok(value > 0, name);
  });
});

const facts: PlanFacts = {
  options: { commodity: 'WTI', paths: 2_000, models: ['naive', 'xgboost'], start: '2015-01-13' },
  prices: { rows: 9_701, digest: '123' },
  due: 2_872,
  models: {
    naive: { whole: 2_872, stored: 24, digest: 'aa' },
    xgboost: { whole: 0, stored: 0, digest: '' },
  },
  resultVersions: { forecast_train: 1, forecast_infer: 1 },
};

describe('what has changed since a plan', () => {
  const since = (change: (now: PlanFacts) => void): string | undefined => {
    const now = structuredClone(facts);
    change(now);
    return planDifference(facts, now);
  };

  test('nothing', () => assert.equal(planDifference(facts, structuredClone(facts)), undefined));

  const changes: [string, (now: PlanFacts) => void, RegExp][] = [
    ['an option', (now) => (now.options['paths'] = 100), /^paths was 2000 and is 100$/],
    ['an option that was left out', (now) => (now.options['redo'] = 'all'), /^redo was left out and is all$/],
    ['the models', (now) => (now.options['models'] = ['naive']), /^models was \["naive","xgboost"\] and is/],
    ['a price row more', (now) => (now.prices.rows += 1), /^9,701 price rows were known, now 9,702$/],
    ['a price revised', (now) => (now.prices.digest = '124'), /^prices were revised$/],
    ['a date more', (now) => (now.due += 1), /^2,872 dates were due, now 2,873$/],
    [
      'dates made since',
      (now) => (now.models['xgboost']!.whole = 60),
      /^0 dates of xgboost were whole, now 60$/,
    ],
    [
      'a model stored',
      (now) => (now.models['xgboost']!.stored = 1),
      /^0 models of xgboost were stored, now 1$/,
    ],
    [
      'a model replaced',
      (now) => (now.models['naive']!.digest = 'ab'),
      /^the stored models of naive are others/,
    ],
    ['a job', (now) => (now.resultVersions['forecast_infer'] = 2), /^forecast_infer makes other figures/],
  ];
  for (const [what, change, message] of changes) test(what, () => assert.match(since(change)!, message));

  test('several things, all of them in one line', () => {
    const said = since((now) => {
      now.due = 1;
      now.prices.digest = 'x';
    });
    assert.equal(said, 'prices were revised; 2,872 dates were due, now 1');
  });
});

test('the same facts have the same token, in whatever order the database gives them back', () => {
  const { options, ...rest } = facts;
  const turned = { ...rest, options: Object.fromEntries(Object.entries(options).reverse()) };
  assert.equal(planToken(turned), planToken(facts));
  assert.notEqual(planToken({ ...facts, due: 2_873 }), planToken(facts));
  assert.match(planToken(facts), /^[0-9a-f]{12}$/);
});
