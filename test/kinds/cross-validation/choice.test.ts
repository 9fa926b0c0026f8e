import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cautionWords,
  depthOf,
  orderOf,
  outWords,
  reasonOf,
} from '../../../src/kinds/cross-validation/choice.ts';
import type { CvCandidate } from '../../../src/kinds/cross-validation/candidates.ts';
import type { StoredFit } from '../../../src/kinds/cross-validation/ledger.ts';
import { leaderboard, selectSimplest } from '../../../src/kinds/cross-validation/planning/selection.ts';
import type { Value } from '../../../src/kinds/cross-validation/input.ts';

function set(label: string, params: Record<string, Value>): CvCandidate {
  return { label, model: 'lightgbm', params, paramsHash: label };
}

const equal = (...labels: string[]) =>
  labels.flatMap((label) => [1, 2].map((fold) => ({ label, fold, bestIteration: 40 })));

test('a set without a limit of depth costs more than any with one', () => {
  for (const none of [-1, 0]) {
    const models = [set('free', { max_depth: none, num_leaves: 2048 }), set('flat', { max_depth: 2 })];
    assert.deepEqual(orderOf({ models, task: 'classification' }, equal('free', 'flat')), ['flat', 'free']);
  }
});

test('leaves bound a depth that nothing else does', () => {
  assert.equal(depthOf({ max_depth: -1, num_leaves: 8 }), 7);
  assert.equal(depthOf({ max_depth: 30, num_leaves: 8 }), 7);
  assert.equal(depthOf({ max_depth: 3, num_leaves: 2048 }), 3);
  assert.equal(depthOf({}), 30);
});

test('fewer trees and a smaller share of the columns are cheaper', () => {
  const models = [set('many', { max_depth: 3 }), set('few', { max_depth: 3 })];
  const fits = [
    { label: 'many', bestIteration: 90 },
    { label: 'few', bestIteration: 20 },
  ];
  assert.deepEqual(orderOf({ models, task: 'regression' }, fits), ['few', 'many']);
  const shares = [set('all', { max_depth: 3 }), set('half', { max_depth: 3, feature_fraction: 0.5 })];
  assert.deepEqual(orderOf({ models: shares, task: 'regression' }, equal('all', 'half')), ['half', 'all']);
});

function said(models: string[], values: Record<string, number[]>): string {
  const candidates = models.map((model) => ({ label: model, model, params: {}, paramsHash: model }));
  const order = orderOf({ models: candidates, task: 'survival' }, []);
  const scores = Object.entries(values).flatMap(([label, of]) =>
    of.map((value, i) => ({ label, model: label, paramsHash: label, fold: i + 1, value })),
  );
  const board = leaderboard(scores, {
    ...{ metric: 'cindex_tau', higherIsBetter: true, order, folds: [1, 2, 3], testShare: 0.5 },
  });
  const { chosen, best } = selectSimplest(board, order);
  return reasonOf(
    { metric: 'cindex_tau', models: candidates },
    { chosen, best, simplest: order[0]!, folds: 3 },
  );
}

test('of a best model that is the simplest it is not said that no simpler one comes near', () => {
  const reason = said(['gbsa', 'cox_ph'], { cox_ph: [0.8, 0.81, 0.8], gbsa: [0.7, 0.7, 0.71] });
  assert.match(reason, /^cox_ph has the best mean .*; it is the simplest model as well\.$/);
});

test('of a best model that is not, it is', () => {
  const reason = said(['gbsa', 'cox_ph'], { gbsa: [0.8, 0.81, 0.8], cox_ph: [0.7, 0.7, 0.71] });
  assert.match(
    reason,
    /^gbsa has the best mean .*; no simpler model comes within one standard error of it\.$/,
  );
});

test('one candidate is compared with none', () => {
  assert.match(said(['gbsa'], { gbsa: [0.8, 0.81, 0.8] }), /^gbsa is the only candidate: cindex_tau 0\.8033/);
});

const fit = (label: string, fold: number, notes: string[]): StoredFit => ({
  ...{ label, model: label, paramsHash: label, fold, fitKey: '', value: 0.5, bestIteration: null, notes },
});

test('what was chosen and has learnt nothing, or has not converged, is not chosen without a word', () => {
  const chosen = { label: 'a' } as Parameters<typeof cautionWords>[1];
  const constant = 'predicts the same for every test row: it has learnt nothing from these columns';
  assert.equal(
    cautionWords([fit('a', 1, [constant]), fit('a', 2, ['the smallest of 100 penalties is used'])], chosen),
    `Mind that on 1 of 2 folds it ${constant}.`,
  );
  const open = 'not converged after 100 iterations: a small penalty holds it, --params a.penalty=0.01';
  assert.match(
    cautionWords([fit('a', 1, [open])], chosen),
    /^Mind that on 1 of 1 folds it has not converged after 100 iterations: a small penalty/,
  );
  assert.equal(cautionWords([fit('b', 1, [constant]), fit('a', 1, [])], chosen), '');
});

test('what is out of the running is named with its reason', () => {
  assert.equal(outWords([]), '');
  assert.equal(
    outWords([{ label: 'lgb_cox', reason: 'lgb_cox on fold 1: needs 40 rows.' }]),
    'Out of the running, as every fold failed: lgb_cox (lgb_cox on fold 1: needs 40 rows).',
  );
});
