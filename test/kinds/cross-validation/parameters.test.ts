import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CvInput, Value } from '../../../src/kinds/cross-validation/input.ts';
import { withinRanges } from '../../../src/kinds/cross-validation/parameters.ts';

function refusal(input: Omit<CvInput, 'dataset'>): string | undefined {
  const checked = withinRanges({ dataset: 'x.csv', ...input });
  return checked.ok ? undefined : checked.message.replace('Input of crossValidation: ', '');
}

const ofModel = (model: string, name: string, value: Value) =>
  refusal({ task: 'survival', models: [model], params: { [model]: { [name]: value } } });
const ofGrid = (grid: Record<string, Value[]>, task: CvInput['task'] = 'classification') =>
  refusal({ task, grid });

const survival: [model: string, name: string, wrong: Value, must: string, right: Value][] = [
  ['cox_ph', 'ridge', -50, 'a number of at least 0', 0],
  ['cox_ph', 'tolerance', 1, 'a number of at least 0 and below 1', 0.5],
  ['cox_stratified', 'max_iter', 0, 'a whole number from 1 to 1,000,000', 1],
  ['coxnet', 'l1_ratio', 0, 'a number above 0 and at most 1', 1],
  ['coxnet', 'smallest_penalty', 1, 'a number above 0 and below 1', 0.5],
  ['weibull_aft', 'penalty', -1e-9, 'a number of at least 0', 3],
  ['gbsa', 'trees', 0, 'a whole number from 1 to 100,000', 1],
  ['gbsa', 'trees', 2.5, 'a whole number from 1 to 100,000', 2],
  ['gbsa', 'rate', 0, 'a number above 0 and at most 10', 1],
  ['gbsa', 'subsample', 1.1, 'a number above 0 and at most 1', 1],
  ['xgb_cox', 'column_sample', 0, 'a number above 0 and at most 1', 0.1],
  ['lgb_cox', 'row_sample', 0, 'a number above 0 and at most 1', 0.1],
  ['lgb_cox', 'leaves', 1, 'a whole number from 2 to 131,072', 2],
  ['rsf', 'features', 0, 'a whole number from 1 to 1,000,000', null],
];
for (const [model, name, wrong, must, right] of survival) {
  test(`${model}.${name} ${JSON.stringify(wrong)} is refused before anything runs, ${JSON.stringify(right)} is not`, () => {
    assert.equal(
      ofModel(model, name, wrong),
      `${model}.${name} is ${JSON.stringify(wrong)}, but must be ${must}.`,
    );
    assert.equal(ofModel(model, name, right), undefined);
  });
}

test('a value of another kind is none, nor is one that JSON cannot hold', () => {
  assert.equal(ofModel('gbsa', 'trees', 'many'), 'gbsa.trees is "many", but must be a number.');
  assert.equal(ofModel('gbsa', 'trees', null), 'gbsa.trees is null, but must be a number.');
  assert.match(ofModel('gbsa', 'rate', Infinity)!, /but must be a number/);
  assert.equal(ofGrid({ extra_trees: [1] }), 'extra_trees is 1, but must be true or false.');
});

const grids: [name: string, wrong: Value, must: string, right: Value][] = [
  ['learning_rate', 0, 'a number above 0 and at most 10', 0.01],
  ['num_leaves', 1, 'a whole number from 2 to 131,072', 2],
  ['max_depth', -2, 'a whole number from -1 to 1,000', -1],
  ['bagging_fraction', 0, 'a number above 0 and at most 1', 1],
  ['feature_fraction', 1.5, 'a number above 0 and at most 1', 0.5],
  ['lambda_l1', -1, 'a number of at least 0', 0],
  ['num_iterations', 0.5, 'a whole number from 1 to 1,000,000', 40],
  ['early_stopping_rounds', -1, 'a whole number from 0 to 1,000,000', 0],
];
for (const [name, wrong, must, right] of grids) {
  test(`${name} ${JSON.stringify(wrong)} of a grid is refused, ${JSON.stringify(right)} is not`, () => {
    assert.equal(
      ofGrid({ [name]: [right, wrong] }),
      `${name} is ${JSON.stringify(wrong)}, but must be ${must}.`,
    );
    assert.equal(ofGrid({ [name]: [right] }), undefined);
  });
}

test('an objective that there is not is refused with the nearest', () => {
  assert.match(
    ofGrid({ objective: ['hubert'] })!,
    /^objective is "hubert", but must be one of .* Did you mean "huber"\?$/,
  );
});

test('values that exclude each other are refused where some set would have both', () => {
  const both = { is_unbalance: [false, true], scale_pos_weight: [1, 3] };
  assert.equal(ofGrid(both), 'is_unbalance and scale_pos_weight both weigh the classes: leave one out.');
  assert.equal(ofGrid({ is_unbalance: [true], scale_pos_weight: [1] }), undefined);
  assert.equal(
    refusal({ task: 'classification', grid: both, sets: [1] }),
    undefined,
    'known once sets are made',
  );
  assert.match(ofGrid({ path_smooth: [1], min_data_in_leaf: [1] })!, /^path_smooth needs min_data_in_leaf/);
  assert.match(
    ofGrid({ objective: ['quantile'], alpha: [1.5] }, 'regression')!,
    /^alpha of the objective quantile/,
  );
});

test('an objective of classes does not fit a number', () => {
  assert.match(
    ofGrid({ objective: ['binary'] }, 'regression')!,
    /^objective binary does not fit a numeric target/,
  );
  assert.match(ofGrid({ metric: ['auc'] }, 'regression')!, /^metric auc does not fit a numeric target/);
  assert.equal(ofGrid({ objective: ['huber'] }, 'regression'), undefined);
});
