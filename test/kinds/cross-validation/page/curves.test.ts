import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanCurve, weightedMean } from '../../../../src/kinds/cross-validation/page/curves.ts';
import { halfInterval, score } from '../../../../src/kinds/cross-validation/page/measures.ts';

test('folds with other grids are averaged where all of them have a value, by straight lines between', () => {
  const curve = meanCurve([
    { grid: [0, 10, 20], values: [1, 0.5, 0] },
    { grid: [5, 30], values: [0.9, 0.4] },
  ]);
  assert.equal(curve[0]![0], 5);
  assert.equal(curve.at(-1)![0], 20);
  assert.ok(Math.abs(curve[0]![1] - (0.75 + 0.9) / 2) < 1e-12);
  assert.ok(Math.abs(curve.at(-1)![1] - (0 + 0.6) / 2) < 1e-12);
  assert.ok(curve.every(([x], i) => i === 0 || x > curve[i - 1]![0]));
});

test('a value that is not known is no zero', () => {
  const curve = meanCurve([{ grid: [0, 1, 2], values: [null, 0.8, 0.6] }]);
  assert.deepEqual(curve[0], [1, 0.8]);
  assert.equal(curve.at(-1)![1], 0.6);
});

test('folds without a time in common have no mean, and one time alone is one point', () => {
  assert.deepEqual(
    meanCurve([
      { grid: [0, 1], values: [1, 1] },
      { grid: [2, 3], values: [1, 1] },
    ]),
    [],
  );
  assert.deepEqual(meanCurve([{ grid: [4], values: [0.3] }]), [[4, 0.3]]);
  assert.deepEqual(meanCurve([]), []);
});

test('groups count by their rows, and empty or unknown ones not at all', () => {
  const groups = [
    { value: 1, rows: 1 },
    { value: 0, rows: 3 },
    { value: null, rows: 50 },
    { value: 9, rows: 0 },
  ];
  assert.equal(weightedMean(groups), 0.25);
  assert.equal(weightedMean([]), null);
});

test("the interval is Student's, wide for few folds, and there is none for one", () => {
  assert.equal(halfInterval(0.01, 1), null);
  assert.ok(Math.abs(halfInterval(0.01, 2)! - 0.12706) < 1e-9);
  assert.ok(Math.abs(halfInterval(0.01, 5)! - 0.02776) < 1e-9);
  assert.ok(Math.abs(halfInterval(1, 31)! - 2.042) < 0.002);
  assert.ok(Math.abs(halfInterval(1, 1_001)! - 1.9623) < 0.001);
});

test('a share has four decimals, an error in the unit of the target five digits', () => {
  assert.equal(score(0.78449), '0.7845');
  assert.equal(score(-0.00001), '0.0000');
  assert.equal(score(12345.678, { scaled: true }), '12,346');
  assert.equal(score(12.4, { scaled: true }), '12.400');
  assert.equal(score(0.5, { scaled: true }), '0.5000');
  assert.equal(score(Number.NaN), '–');
});
