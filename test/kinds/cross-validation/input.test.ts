import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataName } from '../../../src/kinds/data-name.ts';
import { foldsOf, parseCvInput } from '../../../src/kinds/cross-validation/input.ts';
import { cvKey } from '../../../src/kinds/cross-validation/key.ts';

const survival = { dataset: 'data/flchain.parquet', task: 'survival' } as const;
const grid = { dataset: 'timeseries', task: 'classification' } as const;

function refusal(raw: unknown): string {
  const parsed = parseCvInput(raw);
  assert.equal(parsed.ok, false, `accepted ${JSON.stringify(raw)}`);
  return parsed.ok ? '' : parsed.message.replace('Input of crossValidation: ', '');
}

test('what is right is taken as it is', () => {
  const input = {
    ...survival,
    models: ['gbsa'],
    params: { gbsa: { trees: 20 } },
    horizons: [365, 730],
    sparkMemory: '4g',
    budgetUsd: 3,
  };
  assert.deepEqual(parseCvInput(input), { ok: true, input });
});

const refused: [string, object, string][] = [
  [
    'an unknown field, with the nearest',
    { ...survival, model: ['x'] },
    'unknown field "model". Did you mean "models"?',
  ],
  ['no data set', { task: 'survival' }, 'dataset is missing.'],
  [
    'an unknown task',
    { ...survival, task: 'survivl' },
    'task is "survivl", but must be one of survival, classification, regression. Did you mean "survival"?',
  ],
  [
    'a pickle',
    { ...survival, dataset: 'x.pkl' },
    'dataset x.pkl is a pickle, which runs code when it is loaded: give Parquet or CSV.',
  ],
  [
    'a grid for survival',
    { ...survival, grid: { max_depth: [3] } },
    'grid has no meaning for task survival: leave it out.',
  ],
  [
    'models for a grid',
    { ...grid, models: ['gbsa'] },
    'models has no meaning for task classification: leave it out.',
  ],
  ['no model', { ...survival, models: [] }, 'models is empty: name some, or leave it out.'],
  [
    'a parameter without a value',
    { ...grid, grid: { max_depth: [] } },
    'grid has no value for max_depth: give at least one.',
  ],
  [
    'a column that is both',
    { ...survival, features: ['age'], exclude: ['age'] },
    'age is among features and among exclude: decide.',
  ],
  ['one fold', { ...survival, folds: 1 }, 'folds is 1, but must be a whole number from 2 to 100.'],
  [
    'given folds without their column',
    { ...survival, splitter: 'given' },
    'splitter "given" and foldColumn belong together: give both or neither.',
  ],
  [
    'survival in order of time',
    { ...survival, splitter: 'timeSeries' },
    'splitter timeSeries is for classification and regression: survival folds are stratified or given.',
  ],
  [
    'a gap between shuffled folds',
    { ...grid, splitter: 'stratified', gap: 5 },
    'gap has no meaning without splitter timeSeries: leave it out.',
  ],
  ['a gap for survival', { ...survival, gap: 5 }, 'gap has no meaning for task survival: leave it out.'],
  [
    'a value twice, which would be two sets of one name',
    { ...grid, grid: { max_depth: [4, 6, 4] } },
    'grid has max_depth 4 twice: once is enough.',
  ],
  [
    'a size that is none',
    { ...survival, sparkMemory: '4 GB' },
    'sparkMemory is "4 GB", but must be a size such as 4g or 512m.',
  ],
  [
    'a master that is none',
    { ...survival, sparkMaster: 'yarn' },
    'sparkMaster is "yarn", but must be spark://host:port, local[n] or local[*].',
  ],
  [
    'a cluster and a mode without one',
    { ...survival, sparkMaster: 'spark://h:7077', mode: 'mp' },
    'sparkMaster spark://h:7077 is a cluster, but mode is mp: leave one of them out.',
  ],
  [
    'this machine for the mode of a cluster',
    { ...survival, sparkMaster: 'local[2]', mode: 'spark_cluster' },
    'sparkMaster local[2] is this machine, but mode is spark_cluster: leave one of them out.',
  ],
  [
    'this machine for the engine of a cluster',
    { ...survival, sparkMaster: 'local[2]', engine: 'dataproc' },
    'sparkMaster local[2] is this machine, but engine is dataproc: leave one of them out.',
  ],
  [
    'a cluster that is this machine',
    { ...survival, mode: 'spark_cluster', engine: 'local' },
    'mode spark_cluster needs another engine than local: standalone, dataproc or queue.',
  ],
  [
    'a nested parameter',
    { ...survival, params: { gbsa: { trees: { a: 1 } } } },
    'params has gbsa, which has trees, which is {"a":1}, but must be one value.',
  ],
];

for (const [what, raw, message] of refused) {
  test(`${what} is refused in one line`, () => assert.equal(refusal(raw), message));
}

test('a run is called by the name of its file, and found by all that changes a figure', () => {
  assert.equal(dataName('/data/bank.csv'), 'bank');
  assert.equal(dataName('/data/bank.CSV.gz'), 'bank');
  const key = cvKey(survival);
  assert.match(key, /^cv\/flchain\/[0-9a-f]{8}$/);
  assert.equal(cvKey({ ...survival, mode: 'mp', jobs: 3, engine: 'local', concurrency: 4 }), key);
  assert.notEqual(cvKey({ ...survival, seed: 1 }), key);
  assert.notEqual(cvKey({ ...survival, completeRows: true }), key);
  assert.equal(
    cvKey({ ...grid, grid: { a: [1], b: [2] } }),
    cvKey({ ...grid, grid: { b: [2], a: [1] } }),
    'the order of fields is no difference',
  );
});

test('shuffled folds are five, those of a time series four', () => {
  assert.equal(foldsOf({ task: 'survival' }), 5);
  assert.equal(foldsOf({ task: 'classification' }), 4);
  assert.equal(foldsOf({ task: 'classification', splitter: 'stratified' }), 5);
  assert.equal(foldsOf({ task: 'regression', folds: 7 }), 7);
});
