/** The page of a cross-validation that compares sets of parameters: classification and regression. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCvReport } from '../../../../src/kinds/cross-validation/page/data.ts';
import { renderCvReport } from '../../../../src/kinds/cross-validation/page/report.ts';
import { headings, tableOn, textOf } from '../../../support/read-page.ts';
import { another, near, pageOf } from './seeded-pages.ts';
import type { WantedCv } from './wanted-cv.ts';

const grid = { task: 'classification', synthetic: true } as const;

test('of 216 fits the first twenty sets are listed, the rest counted, below 1 MB', async (t) => {
  const shown = await pageOf(t, grid);
  assert.ok(Buffer.byteLength(shown) < 1_000_000);
  assert.equal(tableOn(shown, 'Candidates, the best first').size, 20);
  assert.match(textOf(shown), /The first 20 of 54 parameter sets; the rest are in the database/);
  assert.match(textOf(shown), /216 of 216 fits/);
  assert.deepEqual(headings(shown), [
    ...['Comparison', 'Fold by fold', 'Grid', 'By class', 'Data', 'Folds', 'Sample features'],
    ...['Where the time went', 'Record'],
  ]);
});

test('a chosen set that is not among the first twenty is listed too', async (t) => {
  const { own, made } = await another(t, grid);
  const board = (await loadCvReport(own, made.runId)).board;
  await own.query('update cv_selections set params_hash = $1', [board[40]!.paramsHash]);
  const shown = await renderCvReport(own, made.runId);
  assert.equal([...tableOn(shown, 'Candidates, the best first').keys()].at(-1), board[40]!.label);
  assert.match(textOf(shown), /The first 20 of 54 parameter sets and the chosen one;/);
});

test('the newest fold of a time series has no part in means, and stands beside them', async (t) => {
  const { own, made } = await another(t, grid);
  const shown = await renderCvReport(own, made.runId);
  const { rows } = await own.query<{ label: string; mean: number; f1: number; last: number }>(
    `select m ->> 'label' as label, avg(auc) filter (where fold < 4) as mean, avg(f1) filter (where fold < 4) as f1,
            avg(auc) filter (where fold = 4) as last
       from cv_fits f, runs r, jsonb_array_elements(r.request -> 'models') as m
      where m ->> 'paramsHash' = f.params_hash group by 1`,
  );
  const board = tableOn(shown, 'Candidates, the best first');
  for (const [label, row] of board) {
    const due = rows.find((each) => each.label === label)!;
    near(row.get('board.mean'), due.mean);
    near(row.get('board.f1'), due.f1);
    near(row.get('board.held_out'), due.last);
  }
  assert.match(textOf(shown), /Fold 4, the newest, has no part in the choice\./);
  assert.match(textOf(shown), /fold 4, held out/);
});

test('until something is chosen, a time series is compared on the same folds', async (t) => {
  const { own, made } = await another(t, { ...grid, selected: false });
  const without = (await loadCvReport(own, made.runId)).board;
  const { own: other, made: chosen } = await another(t, grid);
  assert.deepEqual(without, (await loadCvReport(other, chosen.runId)).board);
});

/** The cells of the heat map: key, value, and whether it is outlined. */
function cellsOf(shown: string) {
  return [
    ...shown.matchAll(
      /class="h( best)?"[^>]*data-figure="grid\.mean"\s+data-key="([^"]*)"\s+data-value="([^"]*)"/g,
    ),
  ].map(([, best, key, value]) => ({ key: key!, value: Number(value), best: best !== undefined }));
}

test('the heat map shows the two parameters that matter most, means of the rows, and outlines the best', async (t) => {
  const { own, made } = await another(t, grid);
  const shown = await renderCvReport(own, made.runId);
  const cells = cellsOf(shown);
  assert.equal(cells.length, 9);
  const { rows } = await own.query<{ key: string; mean: number }>(
    `select concat((params ->> 'lambda_l1')::float8, '/', (params ->> 'feature_fraction')::float8) as key, avg(auc) as mean
       from cv_fits where fold < 4 group by 1`,
  );
  for (const { key, value } of cells) near(value, rows.find((row) => row.key === key)!.mean);
  const outlined = cells.filter(({ best }) => best);
  assert.equal(outlined.length, 1);
  assert.equal(outlined[0]!.value, Math.max(...cells.map(({ value }) => value)));
  assert.match(textOf(shown), /lambda_l1 down, feature_fraction across/);
  const influences = tableOn(shown, 'How much each parameter matters');
  assert.deepEqual([...influences.keys()].slice(0, 2), ['lambda_l1', 'feature_fraction']);
});

test('of errors the lowest is outlined, and a class report has no place', async (t) => {
  const shown = await pageOf(t, { task: 'regression', grid: { max_depth: [3, 5, 7], lambda_l1: [0, 1] } });
  const cells = cellsOf(shown);
  assert.equal(cells.find(({ best }) => best)!.value, Math.min(...cells.map(({ value }) => value)));
  assert.ok(!headings(shown).includes('By class'));
  assert.match(textOf(shown), /The target is 51\.2 on average, deviation 18\.4, from -3\.1 to 104\.9\./);
  assert.match(textOf(shown), /Ordered by RMSE, lower is better/);
});

test('a single set has no heat map, a single parameter has one column', async (t) => {
  const one = await pageOf(t, { task: 'regression', grid: { max_depth: [5] } });
  assert.ok(!headings(one).includes('Grid'));
  assert.doesNotMatch(textOf(one), /NaN|undefined/);
  const line = await pageOf(t, { task: 'regression', grid: { max_depth: [3, 5] } });
  assert.equal(cellsOf(line).length, 2);
});

test('three classes have their report by fold and their shares by fold', async (t) => {
  const shown = await pageOf(t, {
    ...{ task: 'classification', classes: ['setosa', 'versicolor', 'virginica'], splitter: 'stratified' },
    ...{ folds: 5, grid: { max_depth: [3, 5] } },
  });
  const classes = tableOn(shown, 'Precision and recall by fold and class');
  assert.equal(classes.size, 15);
  assert.equal(classes.get('5/virginica')!.get('report.recall'), '0.93');
  near(tableOn(shown, 'Folds').get('1')!.get('cv_folds.class setosa'), 525 / 1574);
  assert.match(textOf(shown), /Classes: setosa: 2,624 \(33\.3 %\)/);
  assert.doesNotMatch(textOf(shown), /held out/);
});

test('folds of a time series show their ranges of rows', async (t) => {
  const shown = await pageOf(t, { task: 'regression', grid: { max_depth: [3, 5] } });
  assert.match(shown, /aria-label="Training rows 0 to 1,573, test rows 1,574 to 3,147"/);
  assert.match(textOf(shown), /each fold is trained on what lies before its test rows/);
});

test('figures of the parity case are called what they are', async (t) => {
  const wanted: WantedCv = { task: 'classification', grid: { max_depth: [3, 5] } };
  assert.match(
    textOf(await pageOf(t, { ...wanted, parity: true })),
    /! as the original does it The fold that stops the training also scores it/,
  );
  assert.doesNotMatch(textOf(await pageOf(t, wanted)), /as the original does it/);
});
