import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTrainingInput } from '../../../src/kinds/training/input.ts';
import { refusalByData } from '../../../src/kinds/training/fit-for-data.ts';
import { trainingKey } from '../../../src/kinds/training/key.ts';
import { idleParams } from '../../../src/kinds/training/parameters.ts';
import { chosenModels, trialsOf } from '../../../src/kinds/training/models.ts';

const base = { dataset: 'bank.csv', target: 'deposit' };

/** Each with the sentence that a person reads. */
const refused: [given: object, message: RegExp][] = [
  [{ ...base, models: ['lightbgm'] }, /no model "lightbgm" for task auto\. Did you mean "lightgbm"\?/],
  [{ ...base, metric: 'ACU' }, /no metric "ACU" for task auto/],
  [{ ...base, task: 'regression', metric: 'auc' }, /no metric "auc" for task regression/],
  [{ ...base, task: 'regression', threshold: 'f1' }, /threshold has no meaning for task regression/],
  [{ ...base, exclude: ['deposit'] }, /deposit is the target and among exclude: decide\./],
  [{ ...base, features: ['deposit'] }, /deposit is the target and among features: decide\./],
  [{ ...base, features: ['age'], exclude: ['age'] }, /age is among features and among exclude: decide\./],
  [{ ...base, features: [] }, /features is empty/],
  [{ ...base, validation: 'time' }, /validation time needs a date/],
  [{ ...base, validation: 'holdout', folds: 3 }, /folds has no meaning with validation holdout/],
  [{ ...base, cost: { falsePositive: 1 } }, /must have falsePositive and falseNegative/],
  [{ ...base, cost: { falsePositive: 1, falseNegative: 2 }, threshold: 'f1' }, /threshold or cost, not both/],
  [{ ...base, params: { lightgbm: { num_leaves: { low: 9, high: 4 } } } }, /with low below high/],
  [
    { ...base, params: { lightgbm: { num_leafs: 4 } } },
    /lightgbm has no parameter "num_leafs"\. Did you mean "num_leaves"\?/,
  ],
  [
    { ...base, params: { lightgbm: { feature_fraction: 1.5 } } },
    /lightgbm\.feature_fraction is 1\.5, but must be a number/,
  ],
  [{ ...base, params: { xgboost: { eta: { low: 0.1, high: 3 } } } }, /xgboost\.eta is 3, but must be/],
  [{ ...base, params: { baseline: { x: 1 } } }, /baseline has no parameter "x"\. It has none\./],
  [{ ...base, trials: 0 }, /trials is 0, but must be a whole number from 1 to 1000/],
  [{ dataset: 'bank.csv', task: 'classification' }, /task classification needs a target/],
  [{ ...base, task: 'clustering' }, /task clustering has no target: leave one of them out/],
  [{ dataset: 'bank.csv', trials: 5 }, /trials has no meaning for clustering .* or name the target/],
  [{ dataset: 'bank.csv', metric: 'auc' }, /no metric "auc" for task clustering/],
  [{ dataset: 'bank.csv', models: ['lightgbm'] }, /no model "lightgbm" for task clustering/],
  [
    { dataset: 'bank.csv', params: { kmeans: { clusters: 1 } } },
    /kmeans\.clusters must be a whole number from 2/,
  ],
  [
    { dataset: 'bank.csv', params: { kmeans: { clusters: { low: 2, high: 900 } } } },
    /a range of more than 100 numbers/,
  ],
  [{ ...base, path: 'spark' }, /path is "spark", but must be one of auto, native, distributed/],
  [{ ...base, path: 'native', tasks: 4 }, /tasks has no meaning with path native/],
  [
    { ...base, path: 'distributed', models: ['xgboost'] },
    /xgboost is not fitted on the distributed path\. There are baseline, linear, lightgbm\./,
  ],
  [
    { ...base, path: 'distributed', params: { random_forest: { trees: 5 } } },
    /random_forest is not fitted on the distributed path/,
  ],
  [{ ...base, path: 'distributed', maxFeatures: 3 }, /maxFeatures is not there on the distributed path/],
  [
    { dataset: 'bank.csv', path: 'distributed' },
    /rows are not grouped on the distributed path: name a target/,
  ],
  [{ dataset: 'bank.csv', tasks: 2 }, /tasks has no meaning for clustering/],
  [{ dataset: 'model.pkl', target: 'y' }, /is a pickle, which runs code/],
  [{ ...base, trails: 3 }, /unknown field "trails"\. Did you mean "trials"\?/],
];

describe('what a training cannot be asked', () => {
  for (const [given, message] of refused) {
    test(JSON.stringify(given), () => {
      const parsed = parseTrainingInput(given);
      assert.ok(!parsed.ok);
      assert.match(parsed.message, message);
      assert.doesNotMatch(parsed.message, /\n/);
    });
  }
});

/** What a task that the data decide leaves without a meaning. */
const without: [asked: object, classes: number, message: RegExp | undefined][] = [
  [{}, 3, undefined],
  [{ models: ['auto', 'naive_bayes'], metric: 'auto', threshold: 'f1' }, 2, undefined],
  [{ models: ['glm'] }, 2, /bank makes this a classification, for which there is no model "glm": Known/],
  [{ models: ['naive_bayes'] }, 0, /makes this a regression, for which there is no model "naive_bayes"/],
  [{ metric: 'rmse' }, 2, /makes this a classification, for which there is no metric "rmse"/],
  [{ metric: 'auc' }, 0, /makes this a regression, for which there is no metric "auc"/],
  [{ metric: 'ks' }, 3, /metric ks is for two classes, and bank has 3\./],
  [{ threshold: 'f1' }, 3, /threshold is for two classes, and bank has 3: leave it out\./],
  [
    { cost: { falsePositive: 1, falseNegative: 2 } },
    0,
    /a regression, and cost has a meaning for two classes/,
  ],
  [{ settings: { positive: 'yes' } }, 0, /a regression, and positive has a meaning for two classes alone/],
];

for (const [asked, classes, message] of without) {
  test(`of ${classes} classes ${JSON.stringify(asked)} is ${message === undefined ? 'fine' : 'refused'}`, () => {
    const plain = {
      name: 'bank',
      models: undefined,
      metric: undefined,
      params: {},
      threshold: null,
      cost: null,
    };
    const task = classes === 0 ? 'regression' : 'classification';
    const refusal = refusalByData({ ...plain, settings: {}, ...asked }, { task, rows: 100, classes });
    if (message === undefined) assert.equal(refusal, undefined);
    else assert.match(refusal ?? '', message);
  });
}

test('parameters that would change nothing are refused', () => {
  const range = { low: 0, high: 1 };
  assert.match(
    idleParams('auto', ['linear'], { linear: { l1_ratio: range } }) ?? '',
    /linear\.l1_ratio is a range, and linear is fitted once, not tuned: give one value\./,
  );
  assert.match(
    idleParams('auto', undefined, { tree: { max_depth: 3 } }) ?? '',
    /params has tree, which is not among the models that are fitted \(baseline, .*\): name it in models\./,
  );
  assert.equal(idleParams('auto', ['tree'], { tree: { max_depth: range } }), undefined);
  assert.equal(idleParams('clustering', undefined, { kmeans: { clusters: range } }), undefined);
});

test('the key tells apart what changes the model, and nothing else', () => {
  const key = trainingKey(base);
  assert.match(key, /^train\/bank\/[0-9a-f]{8}$/);
  assert.equal(trainingKey({ ...base, engine: 'standalone', concurrency: 4, budgetUsd: 1 }), key);
  assert.notEqual(trainingKey({ ...base, parallel: 3 }), key);
  assert.notEqual(trainingKey({ ...base, seed: 1 }), key);
  assert.notEqual(trainingKey({ ...base, path: 'distributed' }), key);
  assert.notEqual(
    trainingKey({ ...base, path: 'distributed', tasks: 3 }),
    trainingKey({ ...base, path: 'distributed' }),
  );
});

test('the baseline is always among the models, simplest first', () => {
  assert.deepEqual(chosenModels('classification', ['xgboost', 'linear']), ['baseline', 'linear', 'xgboost']);
  assert.ok(chosenModels('regression', undefined).includes('lightgbm'));
  assert.ok(!chosenModels('classification', ['auto']).includes('naive_bayes'));
  assert.deepEqual(chosenModels('regression', undefined, 'distributed'), ['baseline', 'linear', 'lightgbm']);
});

test('only models that can be tuned are tried more than once', () => {
  assert.equal(trialsOf('baseline', 20), 1);
  assert.equal(trialsOf('linear', 20), 1);
  assert.equal(trialsOf('lightgbm', 20), 20);
});
