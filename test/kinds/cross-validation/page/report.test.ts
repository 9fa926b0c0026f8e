import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDatabase } from '../../../../src/database/pool.ts';
import type { Database } from '../../../../src/database/pool.ts';
import { cvPage, renderCvReport } from '../../../../src/kinds/cross-validation/page/report.ts';
import { loadCvReport } from '../../../../src/kinds/cross-validation/page/data.ts';
import type { CvReport } from '../../../../src/kinds/cross-validation/page/content.ts';
import { testDatabase } from '../../../support/postgres.ts';
import { figureOn, headings, tableOn, textOf } from '../../../support/read-page.ts';
import { seedCv } from './rows.ts';
import type { SeededCv } from './rows.ts';
import { another, near, pageOf } from './seeded-pages.ts';

let database: Database;
let seeded: SeededCv;
let report: CvReport;
let page: string;

before(async () => {
  database = openDatabase(await testDatabase(), 'test');
  seeded = await seedCv(database);
  report = await loadCvReport(database, seeded.runId);
  page = cvPage(report);
});

after(() => database.end());

test('the same database gives the same page', async () => {
  assert.equal(await renderCvReport(database, seeded.runId), page);
});

test('a run that the ledger does not have is refused', async () => {
  await assert.rejects(renderCvReport(database, '00000000-0000-4000-8000-000000000000'), {
    name: 'InvalidInput',
  });
});

test('says how many fits are there, what is chosen, and with which interval', async () => {
  const { rows } = await database.query<{ mean: number; half: number }>(
    `select avg(cindex_tau) as mean, 2.776 * stddev_samp(cindex_tau) * sqrt(1.0 / 5 + 1574.0 / 6297) as half
       from cv_fits f join cv_selections s using (run_id, model, params_hash) where run_id = $1`,
    [seeded.runId],
  );
  near(figureOn(page, 'shown.mean'), rows[0]!.mean);
  near(figureOn(page, 'shown.half'), rows[0]!.half);
  const said = `${rows[0]!.mean.toFixed(4)} ± ${rows[0]!.half.toFixed(4)}`;
  assert.match(textOf(page), /✓ complete 40 of 40 fits are in the database\. Chosen: \w+, C-index to τ/);
  assert.ok(textOf(page).includes(`C-index to τ ${said}`));
});

test('the comparison has the means, deviations and paired differences of the rows', async () => {
  const shown = tableOn(page, 'Candidates, the best first');
  assert.equal(shown.size, 8);
  const best = report.board[0]!.label;
  const { rows } = await database.query<Record<string, number> & { model: string }>(
    `select f.model, avg(f.cindex_tau) as mean, stddev_samp(f.cindex_tau) as deviation, min(f.cindex_tau) as worst,
            avg(b.cindex_tau - f.cindex_tau) as difference, avg(f.ibs) as ibs, avg(f.weighted_auc) as weighted,
            avg(f.cindex_harrell) as harrell, avg(f.cindex) as whole
       from cv_fits f join cv_fits b on b.run_id = f.run_id and b.fold = f.fold and b.model = $2
      where f.run_id = $1 group by f.model`,
    [seeded.runId, best],
  );
  for (const row of rows) {
    const mine = shown.get(row.model)!;
    near(mine.get('board.mean'), row['mean']!);
    near(mine.get('board.deviation'), row['deviation']!);
    near(mine.get('board.worst'), row['worst']!);
    near(mine.get('board.difference'), row['difference']!);
    near(mine.get('board.ibs'), row['ibs']!);
    near(mine.get('board.weighted_auc'), row['weighted']!);
    near(mine.get('board.cindex_harrell'), row['harrell']!);
    near(mine.get('board.cindex'), row['whole']!);
  }
  const means = [...shown.values()].map((row) => Number(row.get('board.mean')));
  assert.deepEqual(
    means,
    [...means].sort((a, b) => b - a),
  );
});

test('the chosen one is marked even where another one is best', async (t) => {
  const { own, made } = await another(t, {});
  const board = (await loadCvReport(own, made.runId)).board;
  const second = board[1]!;
  await own.query(`update cv_selections set model = $1, params_hash = $2, reason = 'it is simpler'`, [
    second.model,
    second.paramsHash,
  ]);
  const text = textOf(await renderCvReport(own, made.runId));
  assert.match(text, new RegExp(`Chosen: ${second.label}, C-index`));
  assert.match(text, /it is simpler .* · best .* ✓ chosen/);
  assert.match(text, new RegExp(`Survival by stratum Of ${second.label}, `));
});

test('every fit stands in the table of fits with its own figures', async () => {
  const shown = tableOn(page, 'Every fit in figures');
  assert.equal(shown.size, 40);
  const { rows } = await database.query<{ cindex: number; cpu: number; mb: number }>(
    `select cindex_tau as cindex, cpu_seconds as cpu, peak_mb as mb from cv_fits where model = 'gbsa' and fold = 3`,
  );
  const mine = shown.get('gbsa/fold 3')!;
  near(mine.get('cv_fits.cindex_tau'), rows[0]!.cindex);
  near(mine.get('cv_fits.cpu_seconds'), rows[0]!.cpu);
  near(mine.get('cv_fits.peak_mb'), rows[0]!.mb);
});

test('a fit that failed is named with its error, nothing is chosen, and what to do is said', async (t) => {
  const error = 'gbsa, fold 3: the trigger refused it';
  const text = textOf(
    await pageOf(t, { failed: { 'gbsa/fold 3': { errorType: 'JobFailed', error } }, status: 'partial' }),
  );
  assert.match(text, /! partial 39 of 40 fits are in the database\. Nothing is chosen: gbsa lacks fold 3\./);
  assert.match(text, /✕ failed JobFailed: gbsa, fold 3: the trigger refused it 1 fit: gbsa fold 3/);
  assert.match(text, /npx sevenfold retry cv\/flchain\/0a1b2c3d/);
  assert.match(text, /nothing chosen: gbsa lacks fold 3\. The order below is of what is there\./);
  assert.match(text, /✕ not whole/);
});

test('the error of a fit whose unit has no reason of its own is that of its row', async (t) => {
  const { own, made } = await another(t, {
    failed: { 'rsf/fold 2': { errorType: 'OutOfMemory', error: 'killed for its memory' } },
    status: 'partial',
  });
  await own.query(`update units set reason = null, failure_type = null where kind = 'fit'`);
  assert.match(
    textOf(await renderCvReport(own, made.runId)),
    /OutOfMemory: killed for its memory 1 fit: rsf fold 2/,
  );
});

test('a candidate without any fit is counted, and one that lacks a fold comes last', async (t) => {
  const missing = [1, 2, 3, 4, 5].map((fold) => `rsf/fold ${fold}`);
  const shown = await pageOf(t, { missing: [...missing, 'cox_ph/fold 1'], status: 'failed' });
  assert.match(textOf(shown), /Nothing is chosen: cox_ph lacks fold 1, rsf lacks every fold\./);
  assert.match(textOf(shown), /1 model without any figure is not in the table\./);
  const rows = [...tableOn(shown, 'Candidates, the best first').keys()];
  assert.equal(rows.length, 7);
  assert.equal(rows.at(-1), 'cox_ph');
  assert.match(textOf(shown), /missing no reason is noted 6 fits/);
});

test('a run at work has nothing that went wrong', async (t) => {
  const { own, made } = await another(t, { missing: ['rsf/fold 5'] });
  await own.query(`update units set started_at = null where unit = 'report'`);
  const shown = await renderCvReport(own, made.runId);
  assert.ok(!headings(shown).includes('What is missing'));
  assert.match(textOf(shown), /· running 39 of 40 fits/);
});

test('fits that an earlier run has made are shown', async (t) => {
  const { own, made } = await another(t, {});
  assert.doesNotMatch(textOf(await renderCvReport(own, made.runId)), /stored by an earlier run/);
  await own.query(`update cv_fits set fitted_at = now() - interval '3 days' where model = 'coxnet'`);
  assert.match(
    textOf(await renderCvReport(own, made.runId)),
    /40 of 40 fits are in the database\. 5 of them were stored by an earlier run\./,
  );
});

test('survival has curves, calibration and hazards, and no grid and no classes', () => {
  assert.deepEqual(headings(page), [
    ...[
      'Comparison',
      'Fold by fold',
      'Survival by stratum',
      'Calibration',
      'Over time',
      'Proportional hazards',
    ],
    ...['Data', 'Folds', 'Where the time went', 'Record'],
  ]);
});

test('strata add up over the folds, the largest first', () => {
  const strata = tableOn(page, 'Strata in figures');
  assert.deepEqual([...strata.keys()], ['F / no', 'M / no', 'F / yes', 'M / yes']);
  assert.equal(strata.get('F / no')!.get('strata.rows'), '3000');
  assert.equal(strata.get('F / no')!.get('strata.events'), '800');
  assert.match(textOf(page), /F \/ no 3,000 rows, 800 events/);
});

test('the horizons have the mean over the folds that reach them', async (t) => {
  const { own, made } = await another(t, { models: ['cox_ph', 'gbsa'] });
  await own.query(
    `update cv_fits set detail = jsonb_set(detail, '{horizons}', (detail -> 'horizons') - 2) where fold <= 2`,
  );
  await own.query(
    `update cv_fits set detail = jsonb_set(detail, '{horizons,2,auc}', to_jsonb(fold / 10.0)) where fold > 2`,
  );
  const rows = tableOn(
    await renderCvReport(own, made.runId),
    'Predicted and observed survival, AUC and Brier score at the horizons',
  );
  assert.equal(rows.size, 6);
  assert.equal(rows.get('gbsa/3000')!.get('horizons.folds'), '3');
  near(rows.get('gbsa/3000')!.get('horizons.auc'), 0.4);
  assert.equal(rows.get('gbsa/500')!.get('horizons.folds'), '5');
});

test('columns that depart from proportional hazards are named, and an impossible test is no failure', async (t) => {
  assert.match(textOf(page), /! 1 of 2 depart from it: age\./);
  const { own, made } = await another(t, { models: ['cox_ph'] });
  await own.query('update cv_data set hazards = null');
  assert.match(textOf(await renderCvReport(own, made.runId)), /It could not be tested on these data\./);
});

test('rows that took no part, warnings and columns left out are listed', () => {
  const text = textOf(page);
  assert.match(
    text,
    /7,871 rows take part; 3 were left out \(time &lt;= 0: 3\)\. 2,166 had the event \(27\.5 %\)/,
  );
  assert.match(text, /! warning chapter separates events nearly perfectly/);
  assert.match(text, /chapter excluded by the request/);
  assert.match(text, /creatinine numeric – 1,350 17\.2 %/);
});

test('times add up by model and stage', async () => {
  const shown = tableOn(page, 'Time, memory and stages by model');
  const { rows } = await database.query<{ model: string; cpu: number; mb: number; fit: number }>(
    `select model, sum(cpu_seconds) as cpu, max(peak_mb) as mb, sum((detail #>> '{stages,fit}')::float8) as fit
       from cv_fits group by model`,
  );
  assert.equal(shown.size, rows.length);
  for (const { model, cpu, mb, fit } of rows) {
    near(shown.get(model)!.get('time.cpu_seconds'), cpu);
    near(shown.get(model)!.get('time.peak_mb'), mb);
    near(shown.get(model)!.get('time.stage fit'), fit);
  }
  assert.match(textOf(page), /Mode mp, 2 fits at a time: 31 s of work expected, less than 60 s\./);
});

test('what changes a figure is on record', () => {
  const text = textOf(page);
  for (const said of ['seed 42', 'data version 0123456789abcde8', 'numpy 2.3.4', 'scikit-survival 0.28.0']) {
    assert.ok(text.includes(said), said);
  }
  assert.match(text, /folds, sha256 (cd){32}/);
  assert.match(text, /coxnet: the smallest of 100 penalties is used/);
});

test('generated rows are marked before anything else, with their components', async (t) => {
  const text = textOf(
    await pageOf(t, { task: 'classification', synthetic: true, grid: { max_depth: [3, 5] } }),
  );
  assert.match(text, /^ *SAMPLE DATA Rows generated by a program/);
  assert.match(text, /feature_0 trend .* feature_3 autocorrelation/);
  assert.doesNotMatch(textOf(page), /SAMPLE DATA|Sample features/);
});

test('a run that has only been opened, or only prepared, is still a page', async (t) => {
  for (const upTo of ['opened', 'prepared'] as const) {
    const shown = await pageOf(t, { upTo });
    assert.doesNotMatch(textOf(shown), /NaN|Infinity|undefined|\bnull\b|\[object/);
    assert.match(
      textOf(shown),
      upTo === 'opened' ? /No fit is laid out yet/ : /0 of 40 fits are in the database/,
    );
    assert.equal(headings(shown).includes('Comparison'), false);
    assert.equal(headings(shown).includes('Folds'), upTo === 'prepared');
  }
});

test('details that are not as expected are left out and break nothing', async (t) => {
  for (const detail of [
    '{}',
    '[]',
    '"text"',
    '{"grid": "x", "auc": {}, "horizons": [1, null, {"t": "soon"}], "strata": [null], "stages": 3, "notes": "no"}',
    '{"grid": [1, 2], "auc": [null, null], "km": [1], "mean_survival": [0.9, null], "classification_report": []}',
  ]) {
    const { own, made } = await another(t, { models: ['cox_ph', 'gbsa'] });
    await own.query('update cv_fits set detail = $1', [detail]);
    await own.query(
      `update cv_data set summary = '[]', features = '{}', dropped = '[]', hazards = '{}', warnings = '{}'`,
    );
    await own.query(`update cv_folds set detail = '[]'`);
    await own.query(`update cv_selections set refit = '{"rows": "many", "modelFiles": {}}'`);
    const shown = textOf(await renderCvReport(own, made.runId));
    assert.doesNotMatch(shown, /NaN|Infinity|undefined|\bnull\b|\[object/);
    assert.match(shown, /10 of 10 fits/);
  }
});

test('eleven folds are points of one shape', async (t) => {
  const shown = await pageOf(t, { models: ['cox_ph', 'gbsa'], folds: 11 });
  assert.match(textOf(shown), /mean and 95 % interval a fold/);
  assert.doesNotMatch(textOf(shown), /NaN|undefined/);
});

test('no figure on the page is not a number', () => {
  assert.doesNotMatch(textOf(page), /NaN|Infinity|undefined|\bnull\b|\[object/);
});

test('no markup of a source reaches the page, and nothing on it comes over the network', () => {
  const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`;
  const labelled = <Row extends { label: string }>(rows: readonly Row[]) =>
    rows.map((row) => ({ ...row, label: row.label === report.shown!.label ? hostile : row.label }));
  const attacked = cvPage({
    ...report,
    run: { ...report.run, key: hostile, workflowId: hostile },
    request: {
      ...report.request,
      ...{
        name: hostile,
        source: hostile,
        runType: hostile,
        splitter: hostile,
        settings: { [hostile]: [hostile] },
      },
      models: labelled(report.request.models).map((model) => ({ ...model, params: { [hostile]: hostile } })),
    },
    data: {
      ...report.data!,
      dropped: [[hostile, 1]],
      features: [{ name: hostile, kind: hostile, levels: 1, missing: 1 }],
      leftOut: [{ name: hostile, reason: hostile }],
      warnings: [hostile],
      strata: [{ stratum: hostile, rows: 1, events: 1, medianTime: 1 }],
      classes: [[hostile, 1]],
      samples: [{ name: hostile, component: hostile, values: [1, 2] }],
      hazards: [{ column: hostile, chi2: 1, p: 1, pHolm: 1, flagged: true }],
      settings: { time: hostile },
      versions: { [hostile]: hostile },
      objectRoot: hostile,
    },
    board: labelled(report.board),
    fits: labelled(report.fits).map((fit) => ({ ...fit, model: hostile, notes: [hostile], params: {} })),
    selection: { ...report.selection!, label: hostile, reason: hostile, refit: { predictions: hostile } },
    shown: { ...report.shown!, label: hostile },
    details: labelled(report.details).map((detail) => ({
      ...detail,
      strata: detail.strata.map((stratum) => ({ ...stratum, stratum: hostile })),
      report: [{ name: hostile, precision: 1, recall: 1, f1: 1, rows: 1 }],
    })),
    phases: [{ unit: hostile, verdict: 'failed', reason: hostile, startedAt: null }],
    open: {
      all: 1,
      byLabel: [{ label: hostile, folds: [1] }],
      fits: [
        {
          unit: hostile,
          label: hostile,
          fold: 1,
          verdict: 'failed',
          tries: 1,
          failureType: hostile,
          reason: hostile,
        },
      ],
    },
    stages: [{ model: hostile, fold: 1, stage: hostile, seconds: 1 }],
    plan: { mode: 'mp', processes: 2, why: hostile, workSeconds: 1 },
    cost: report.cost.map((job) => ({ ...job, job: hostile, engines: [hostile] })),
    troubles: {
      all: 1,
      rows: [
        {
          ...{ batchId: hostile, unit: hostile, job: hostile, attempt: 1, state: 'FAILED' },
          ...{ errorType: hostile, message: hostile, at: new Date(0) },
        },
      ],
    },
    fallbacks: [{ from: hostile, to: hostile, reason: hostile, batches: 1 }],
  });
  assert.doesNotMatch(attacked, /<script|<img/i);
  assert.match(attacked, /&lt;script&gt;/);
  assert.doesNotMatch(attacked.replaceAll(/"[^"<>]*"/g, '""'), /<[^>]+\s(?:on\w+|src|srcset|action)=/i);
  assert.doesNotMatch(attacked, /https?:\/\/|@import|url\((?!#)/);
});
