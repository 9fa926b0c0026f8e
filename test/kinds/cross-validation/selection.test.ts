import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaderboard, selectSimplest } from '../../../src/kinds/cross-validation/planning/selection.ts';
import type { FoldScore } from '../../../src/kinds/cross-validation/planning/selection.ts';

function scores(of: Record<string, (number | null)[]>): FoldScore[] {
  return Object.entries(of).flatMap(([label, values]) =>
    values.map((value, index) => ({ label, model: label, paramsHash: label, fold: index + 1, value })),
  );
}

const criterion = {
  metric: 'cindex_tau',
  higherIsBetter: true,
  order: ['simple', 'middle', 'rich'],
  folds: [1, 2, 3],
  testShare: 0.5,
};

test('the best mean stands first, with its spread and its worst fold', () => {
  const [first, second] = leaderboard(scores({ simple: [0.6, 0.7, 0.8], rich: [0.7, 0.8, 0.9] }), criterion);
  assert.equal(first?.label, 'rich');
  assert.ok(Math.abs(first.mean - 0.8) < 1e-12);
  assert.ok(Math.abs(first.deviation - 0.1) < 1e-12);
  assert.ok(Math.abs(first.standardError - 0.1 * Math.sqrt(1 / 3 + 1 / 2)) < 1e-12);
  assert.equal(first.worst, 0.7);
  assert.ok(Math.abs(second!.difference.mean - 0.1) < 1e-12, 'how much the best is better');
  assert.ok(second!.difference.deviation < 1e-12, 'fold by fold it is always the same');
});

test('a simpler model that the best beats on every fold by the same is not kept', () => {
  const board = leaderboard(scores({ simple: [0.6, 0.7, 0.8], rich: [0.61, 0.71, 0.81] }), criterion);
  assert.equal(selectSimplest(board, criterion.order).chosen.label, 'rich');
});

test('of models within one standard error of the paired difference the simplest is kept', () => {
  const board = leaderboard(
    scores({ simple: [0.7, 0.7, 0.7], middle: [0.69, 0.72, 0.7], rich: [0.68, 0.73, 0.71] }),
    criterion,
  );
  const { chosen, best } = selectSimplest(board, criterion.order);
  assert.equal(best.label, 'rich');
  assert.equal(chosen.label, 'simple');
});

test('where less is better, the least mean is the best and the worst fold is the largest', () => {
  const [first] = leaderboard(scores({ simple: [3, 3, 3.5], rich: [1, 2, 1] }), {
    ...criterion,
    metric: 'rmse',
    higherIsBetter: false,
  });
  assert.equal(first?.label, 'rich');
  assert.equal(first.worst, 2);
});

test('a model that lacks a fold is never the best, whatever its mean', () => {
  const board = leaderboard(scores({ simple: [0.6, 0.6, 0.6], rich: [0.9, null, 0.9] }), criterion);
  assert.deepEqual(
    board.map(({ label, missingFolds }) => [label, missingFolds]),
    [
      ['simple', []],
      ['rich', [2]],
    ],
  );
  assert.equal(board[1]?.withinOneError, false);
});

test('folds that are kept out of the choice have no part in any figure', () => {
  const board = leaderboard(scores({ simple: [0.6, 0.6, 0.1] }), { ...criterion, folds: [1, 2] });
  assert.equal(board[0]?.mean, 0.6);
  assert.equal(board[0]?.folds, 2);
});

test('folds that share training rows count for less than as many of their own', () => {
  const values = { simple: [0, 0, 0, 0, 0], rich: [0.04, -0.012, 0.034, -0.006, 0.015] };
  const five = { ...criterion, folds: [1, 2, 3, 4, 5] };
  const of = (testShare: number) => leaderboard(scores(values), { ...five, testShare });
  const error = (testShare: number) =>
    of(testShare).find(({ label }) => label === 'simple')!.difference.standardError;
  assert.ok(Math.abs(error(0.25) / error(0) - 1.5) < 1e-12);
  assert.equal(selectSimplest(of(0), five.order).chosen.label, 'rich');
  assert.equal(selectSimplest(of(0.25), five.order).chosen.label, 'simple');
});
