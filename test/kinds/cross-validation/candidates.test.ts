import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../src/config.ts';
import {
  binParameters,
  candidatesOf,
  gridParameters,
  readSettings,
  simplestFirst,
} from '../../../src/kinds/cross-validation/candidates.ts';
import { runTypes, usualModels } from '../../../src/kinds/cross-validation/input.ts';
import { lightgbmParameters } from '../../../src/kinds/cross-validation/parameters.ts';
import type { CvInput } from '../../../src/kinds/cross-validation/input.ts';

const { checkout } = readConfig();
const survival = { dataset: 'x.csv', task: 'survival' } as const;
const grid = { dataset: 'x.csv', task: 'classification' } as const;

function refusal(input: CvInput): string {
  try {
    candidatesOf(checkout, input);
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail('it was accepted');
}

test('every model has its parameters in every run type, and its place in the order of simplicity', () => {
  const settings = readSettings<Record<string, object>>(checkout, 'survival');
  assert.deepEqual(Object.keys(settings).sort(), [...runTypes].sort());
  for (const models of Object.values(settings)) {
    assert.deepEqual(Object.keys(models).sort(), [...simplestFirst].sort());
  }
});

test('the usual models are those of the run type, with its parameters', () => {
  const sample = candidatesOf(checkout, survival);
  assert.deepEqual(
    sample.map(({ label }) => label),
    usualModels,
  );
  const [gbsa] = candidatesOf(checkout, { ...survival, runType: 'production', models: ['gbsa'] });
  assert.deepEqual(gbsa?.params, { trees: 50, rate: 0.2, depth: 2, subsample: 0.5, min_split: 100 });
  assert.notEqual(gbsa.paramsHash, sample.find(({ label }) => label === 'gbsa')?.paramsHash);
});

test('one parameter may be another, and only that one', () => {
  const [gbsa] = candidatesOf(checkout, { ...survival, models: ['gbsa'], params: { gbsa: { trees: 7 } } });
  assert.equal(gbsa?.params['trees'], 7);
  assert.equal(gbsa.params['depth'], 3);
});

test('what does not exist is refused with the nearest that does', () => {
  assert.match(
    refusal({ ...survival, models: ['gbas'] }),
    /^There is no model "gbas"\. Did you mean "gbsa"\?/,
  );
  const unknown = { ...survival, models: ['gbsa'], params: { gbsa: { tree: 7 } } };
  assert.match(refusal(unknown), /^Model gbsa has no parameter "tree"\. Did you mean "trees"\?/);
  assert.match(
    refusal({ ...survival, models: ['cox_ph'], params: { gbsa: { trees: 7 } } }),
    /^params has gbsa/,
  );
  assert.match(
    refusal({ ...grid, grid: { max_dept: [3] } }),
    /no parameter "max_dept"\. Did you mean "max_depth"\?/,
  );
  assert.equal(refusal({ ...grid, sets: [55] }), 'sets has 55, but the grid has 54 sets.');
});

test('a value of another kind is refused before any fit fails of it', () => {
  const withTrees = (trees: number | string | null): CvInput => ({
    ...survival,
    models: ['gbsa'],
    params: { gbsa: { trees } },
  });
  assert.equal(refusal(withTrees('many')), 'gbsa.trees is "many", but must be a number.');
  assert.equal(
    refusal({ ...grid, grid: { max_depth: ['four'] } }),
    'max_depth is "four", but must be a number.',
  );
  assert.equal(
    refusal({ ...grid, grid: { extra_trees: [1] } }),
    'extra_trees is 1, but must be true or false.',
  );
  assert.equal(refusal({ ...grid, grid: { objective: [3] } }), 'objective is 3, but must be a name.');
  const [rsf] = candidatesOf(checkout, {
    ...survival,
    models: ['rsf'],
    params: { rsf: { time_bins: null } },
  });
  assert.equal(rsf!.params['time_bins'], null, 'no limit');
});

test('the grid is the product in the order of the original: l1, depth, columns, then l2 last', () => {
  const sets = candidatesOf(checkout, grid);
  assert.equal(sets.length, 54);
  const varied = ({ params }: (typeof sets)[number]): unknown[] =>
    ['lambda_l1', 'max_depth', 'feature_fraction', 'lambda_l2'].map((name) => params[name]);
  assert.deepEqual(varied(sets[0]!), [0.3, 10, 0.1, 0.01]);
  assert.deepEqual(varied(sets[1]!), [0.3, 10, 0.1, 0.1]);
  assert.deepEqual(varied(sets[13]!), [0.3, 17, 0.1, 0.1]);
  assert.deepEqual(varied(sets[53]!), [40, 17, 0.4, 0.1]);
  assert.equal(new Set(sets.map(({ paramsHash }) => paramsHash)).size, 54);
});

test('what shapes the bins is no parameter of a set', () => {
  assert.ok(gridParameters.length > 30);
  assert.deepEqual(
    binParameters.filter((name) => gridParameters.includes(name) || !lightgbmParameters.includes(name)),
    [],
  );
  assert.match(refusal({ ...grid, grid: { max_bin: [64, 128] } }), /^max_bin shapes the bins/);
});

test('every configured parameter is in the table of ranges, and within its range', () => {
  for (const runType of runTypes) {
    const models = [...simplestFirst];
    assert.equal(candidatesOf(checkout, { ...survival, runType, models }).length, models.length);
  }
  for (const task of ['classification', 'regression'] as const) {
    assert.equal(candidatesOf(checkout, { dataset: 'x.csv', task }).length, 54);
  }
});

test('parameters that exclude each other only beside what is configured are refused too', () => {
  assert.equal(
    refusal({ ...grid, grid: { force_row_wise: [true] } }),
    'force_col_wise and force_row_wise exclude each other: leave one out.',
  );
  assert.equal(
    refusal({ ...grid, grid: { is_unbalance: [false, true], scale_pos_weight: [1, 2] }, sets: [4] }),
    'is_unbalance and scale_pos_weight both weigh the classes: leave one out.',
  );
});

test('sets are chosen by their number, and the parity case is another fit than the honest one', () => {
  const [first, last] = candidatesOf(checkout, { ...grid, sets: [1, 40] });
  assert.deepEqual([first?.label, last?.label], ['lightgbm 1', 'lightgbm 40']);
  const [parity] = candidatesOf(checkout, { ...grid, sets: [1], parity: true });
  assert.equal(parity?.params['objective'], 'huber');
  assert.notEqual(parity.paramsHash, first?.paramsHash);
});

test('a grid of one’s own replaces the configured one', () => {
  const sets = candidatesOf(checkout, { ...grid, grid: { max_depth: [3, 4], learning_rate: [0.1] } });
  assert.deepEqual(
    sets.map(({ params }) => [params['max_depth'], params['learning_rate'], params['lambda_l1']]),
    [
      [3, 0.1, undefined],
      [4, 0.1, undefined],
    ],
  );
});
