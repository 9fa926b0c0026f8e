import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { groupOver, groupPool } from '../../src/pools/grouping.ts';
import type { GroupingFigures, PoolGroup } from '../../src/pools/grouping.ts';
import { loadPoolSettings } from '../../src/pools/settings.ts';

const limits = loadPoolSettings(fileURLToPath(new URL('../..', import.meta.url))).parameters;

type Five = [
  d: number | null,
  s7: number | null,
  s30: number | null,
  s7Delta: number | null,
  s30Delta: number | null,
];

function figures([apyDelta, stddev7d, stddev30d, stddev7dDelta, stddev30dDelta]: Five): GroupingFigures {
  return { apyDelta, stddev7d, stddev30d, stddev7dDelta, stddev30dDelta };
}

// Limits in percent points: group 1: 1, 1.5, 2; group 2: 3, 4, 5.
const corrected: [figures: Five, group: PoolGroup][] = [
  [[0, 0, 0, null, null], 1],
  [[1, 1.5, 2, null, null], 1],
  [[-1, 1.5, 2, null, null], 1],
  [[1.0001, 0, 0, null, null], 2],
  [[-1.0001, 0, 0, null, null], 2],
  [[0, 1.5001, 0, null, null], 2],
  [[0, 0, 2.0001, null, null], 2],
  [[3, 4, 5, null, null], 2],
  [[-3.0001, 0, 0, null, null], 3],
  [[0, 4.0001, 0, null, null], 3],
  [[0, 0, 5.0001, null, null], 3],
  [[-40, 0, 0, -9, -9], 3], // an APY that collapses is not calm
  [[null, 0, 0, 0, 0], 4],
  [[0, null, 0, 0, 0], 4],
  [[0, 0, null, 0, 0], 4],
  [[Number.NaN, 0, 0, 0, 0], 4],
  [[0, Infinity, 0, 0, 0], 4],
];

for (const [five, group] of corrected) {
  test(`corrected: ${JSON.stringify(five)} is group ${group}`, () => {
    assert.equal(groupPool(figures(five), limits, 'corrected'), group);
  });
}

// The original holds signed changes against fractions: group 1: 0.01, 0.015, 0.02; 2: 0.03, 0.04, 0.05; 3 above 0.03, 0.04, 0.02.
const parity: [figures: Five, group: PoolGroup][] = [
  [[0.01, null, null, 0.015, 0.02], 1],
  [[-40, 99, 99, -9, -9], 1], // the original's fault, kept for comparison
  [[0.0101, null, null, 0, 0], 2],
  [[0.03, null, null, 0.04, 0.05], 2],
  [[0.031, null, null, 0.041, 0.051], 3],
  [[0.031, null, null, 0.041, 0.021], 3],
  [[0.031, null, null, 0.041, 0.02], 4],
  [[0.031, null, null, 0.04, 0.06], 4],
  [[0.03, null, null, 0.041, 0.06], 4],
  [[null, 0, 0, 0, 0], 4],
  [[0, 0, 0, null, 0], 4],
  [[0, 0, 0, 0, null], 4],
];

for (const [five, group] of parity) {
  test(`parity: ${JSON.stringify(five)} is group ${group}`, () => {
    assert.equal(groupPool(figures(five), limits, 'parity'), group);
  });
}

test('a limit in percent points carries no dust of binary fractions', () => {
  const seven = { ...limits, group1_apy_delta_max: 0.07, group2_apy_delta_max: 0.07 };
  assert.equal(groupPool(figures([7, 0, 0, null, null]), seven, 'corrected'), 1);
  assert.equal(groupPool(figures([7.000000000000001, 0, 0, null, null]), seven, 'corrected'), 3);
});

const [calm, wild] = [figures([0, 0.5, 0.5, 0, 0]), figures([9, 5, 0.5, 0, 0])];

test('one wild or quiet day moves no pool into another group, and four of seven do', () => {
  const over = (...days: GroupingFigures[]) => groupOver(days, limits, 'corrected');
  assert.equal(over(calm, calm, calm, calm, calm, calm, wild), 1);
  assert.equal(over(calm, calm, calm, wild, wild, wild, wild), 3);
  assert.equal(over(wild, wild, wild, calm, calm, calm, calm), 1);
  assert.equal(
    over(wild, wild, wild, wild, calm, calm, calm, calm, calm),
    1,
    'only the last seven days vote',
  );
  assert.equal(over(calm, wild), 3, 'the more volatile of two');
});

test('a pool without figures on its last day is unknown, whatever it was before; parity knows the last day alone', () => {
  const none = figures([null, null, null, null, null]);
  assert.equal(groupOver([calm, calm, none], limits, 'corrected'), 4);
  assert.equal(groupOver([], limits, 'corrected'), 4);
  assert.equal(groupOver([none, none, calm], limits, 'corrected'), 1);
  assert.equal(groupOver([calm, wild], limits, 'parity'), groupPool(wild, limits, 'parity'));
});
