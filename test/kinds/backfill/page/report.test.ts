import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDatabase } from '../../../../src/database/pool.ts';
import type { Database } from '../../../../src/database/pool.ts';
import { backfillPage, renderBackfillReport } from '../../../../src/kinds/backfill/page/report.ts';
import { loadBackfillReport } from '../../../../src/kinds/backfill/page/data.ts';
import type { BackfillReport } from '../../../../src/kinds/backfill/page/content.ts';
import { testDatabase } from '../../../support/postgres.ts';
import { seedForecasts } from '../../../support/forecasts.ts';
import type { SeededForecasts } from '../../../support/forecasts.ts';
import { figureOn, textOf } from '../../../support/read-page.ts';
import { fresh, piecesOf } from './seeded-pages.ts';

let database: Database;
let seeded: SeededForecasts;
let report: BackfillReport;
let page: string;

before(async () => {
  database = openDatabase(await testDatabase(), 'test');
  seeded = await seedForecasts(database, {
    start: '2019-06-03',
    dates: 300,
    daysAfter: 5,
    paths: 10,
    distributions: true,
  });
  report = await loadBackfillReport(database, seeded.runId);
  page = backfillPage(report);
});

after(() => database.end());

test('the same database gives the same page', async () => {
  assert.equal(await renderBackfillReport(database, seeded.runId), page);
});

test('says how many rows are there of how many are due, as the units have it', async () => {
  const { rows } = await database.query<{ found: number; points: number; known: number }>(
    `select (select count(*) from distributions where path_id > 0) as found, count(*) as points,
            count(actual_close) as known from point_forecasts`,
  );
  assert.equal(rows[0]!.found, 300 * 10 * 4);
  assert.equal(Number(figureOn(page, 'rows.found')), rows[0]!.found);
  assert.equal(Number(figureOn(page, 'rows.due')), 300 * 10 * 4);
  assert.equal(Number(figureOn(page, 'points')), rows[0]!.points);
  assert.equal(Number(figureOn(page, 'points.known')), rows[0]!.known);
  assert.ok(rows[0]!.known < rows[0]!.points, 'the last dates have days that nobody knows yet');
  assert.match(textOf(page), /✓ complete 12,000 of 12,000 rows are in the database\./);
});

test('300 complete dates of four models are one piece a year each', () => {
  const pieces = piecesOf(page);
  assert.equal(pieces.length, 4 * 2);
  assert.ok(pieces.every(({ verdict }) => verdict === 'complete'));
  assert.match(pieces[0]!.title, /^2019-06-03 – 2019-12-31: 152 dates, complete, 1,520 of 1,520 rows$/);
  assert.match(textOf(page), /Every date is complete: 1,200 of 1,200; there is no range to list/);
});

test('pooled errors, covers and reliability are those of the rows', async () => {
  const { rows } = await database.query<Record<string, number>>(
    `select avg(abs(actual_close - q50)) as mae, avg(crps) as crps, sqrt(avg(power(actual_close - q50, 2))) as rmse,
            avg(case when actual_close >= q10 and actual_close <= q90 then 1.0 else 0.0 end)::float8 as cover80,
            avg(case when actual_close <= q25 then 1.0 else 0.0 end)::float8 as to25,
            avg(abs(actual_close - (select close from prices r where r.date = p.data_cutoff_date))) as persistence
       from point_forecasts p join forecast_quantiles q using (model_version, forecast_start_date, day_ahead)
      where model_version = 'xgboost' and actual_close is not null and day_ahead = 7`,
  );
  const mine = report.scores.byDay.find((row) => row.modelVersion === 'xgboost' && row.dayAhead === 7)!;
  const near = (seen: number | null, due: number | undefined) =>
    assert.ok(Math.abs(seen! - due!) < 1e-6 * Math.max(1, Math.abs(due!)), `${seen} instead of ${due}`);
  near(mine.mae, rows[0]!['mae']);
  near(mine.rmse, rows[0]!['rmse']);
  near(mine.crps, rows[0]!['crps']);
  near(mine.cover80, rows[0]!['cover80']);
  near(mine.reached[2]!, rows[0]!['to25']);
  near(mine.persistence, rows[0]!['persistence']);
  assert.equal(report.scores.byDay.length, 4 * 14);
});

test('persistence is the close as it was known at the forecast, not as it was revised later', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 40, models: ['xgboost'] });
  const before = (await loadBackfillReport(own, runId)).scores.all[0]!;
  await own.query(
    `insert into prices (commodity, date, known_at, is_trading_day, close)
     select commodity, date, date + 400, true, close + 1000 from prices`,
  );
  const revised = await loadBackfillReport(own, runId);
  assert.deepEqual(revised.scores.all[0], before);
  assert.ok(revised.fans.every(({ history }) => history.every(({ close }) => close < 500)));
});

test('fans show the first date, the largest miss, the most unusual origin and the last', async () => {
  const roles = report.fans.flatMap(({ why, date }) => why.map(({ role }) => [role, date] as const));
  const dates = new Map(roles);
  assert.equal(dates.get('first'), seeded.start);
  assert.equal(dates.get('last'), seeded.end);
  const { rows } = await database.query<{ date: string }>(
    `select forecast_start_date as date from forecast_quantiles group by 1 order by avg(crps) desc limit 1`,
  );
  assert.equal(dates.get('miss'), rows[0]!.date);
  // The close falls by 52 on 2020-04-20 and comes back the day after.
  assert.ok(['2020-04-21', '2020-04-22'].includes(dates.get('unusual')!), dates.get('unusual'));
  const first = report.fans[0]!;
  assert.equal(first.history.length, 30);
  assert.ok(first.history.every(({ date }) => date < first.date));
  assert.deepEqual(
    first.fans.map(({ modelVersion, days }) => [modelVersion, days.length]),
    seeded.models.map((model) => [model, 14]),
  );
  assert.equal(report.fans.at(-1)!.fans[0]!.days.filter(({ actual }) => actual === null).length, 14 - 6);
});

test('a skill is shown as it is: none beats naive', () => {
  assert.match(textOf(page), /None (?:of the models )?beats naive/);
  assert.match(textOf(page), /p \(Diebold–Mariano\)/);
});

for (const [what, skill, p, sentence] of [
  [
    'a model that beats naive is named with its test',
    0.031,
    0.012,
    /Better than naive by mean absolute error: xgboost \(14 days, \+3\.1 %, p = 0\.012\)/,
  ],
  [
    'better by chance is not called better',
    0.031,
    0.4,
    /It does not beat naive by more than chance; closest: xgboost \(14 days, \+3\.1 %, p = 0\.400\)/,
  ],
  [
    'worse is called worse',
    -0.031,
    0.012,
    /It does not beat naive; closest: xgboost \(14 days, -3\.1 %, p = 0\.012\)/,
  ],
] as const) {
  test(what, () => {
    const row = {
      ...report.evaluation.at(-1)!,
      modelVersion: 'xgboost',
      horizon: 14,
      skillMae: skill,
      dmP: p,
    };
    assert.match(textOf(backfillPage({ ...report, evaluation: [row] })), sentence);
  });
}

test('without an evaluation the scores are pooled from the rows, and it says so', () => {
  const text = textOf(backfillPage({ ...report, evaluation: [] }));
  assert.match(text, /No evaluation of just this range is stored yet/);
  assert.match(text, /beats naive|beat naive|Better than naive/);
});

test('without naive among the models the comparison is "it stays where it is"', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 60, models: ['xgboost'] });
  const alone = await renderBackfillReport(own, runId);
  assert.match(textOf(alone), /naive: it stays where it is/);
  assert.match(
    alone,
    /aria-label="Mean absolute error of xgboost by month, beside naive\. .*Below naive in \d+ of 3\./,
  );
});

test('cost is summed from the batches, and local work costs nothing', async () => {
  const { rows } = await database.query<{ cpu: number; rows: number }>(
    `select sum((usage ->> 'cpuSeconds')::float8) as cpu, sum((result ->> 'rows')::float8) as rows from batches`,
  );
  const loaded = report.cost.reduce((sum, job) => sum + (job.cpuSeconds ?? 0), 0);
  assert.ok(Math.abs(loaded - rows[0]!.cpu) < 1e-9);
  assert.equal(report.cost.find(({ job }) => job === 'forecast_infer')!.rows, rows[0]!.rows);
  assert.match(textOf(page), /It ran on this machine: it cost nothing\./);
  assert.match(textOf(page), /forecasts: copy/);
});

test('what was expected stands beside what came, summed over the batches of a job', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 40, models: ['naive'] });
  assert.doesNotMatch(textOf(await renderBackfillReport(own, runId)), /CPU of offered/);
  await own.query(
    `update batches set engine = 'dataproc',
            cost_estimate = '{"usd": 0.5, "seconds": 60, "estimator": "dcu"}',
            cost_actual = '{"usd": 0.25, "seconds": 40, "estimator": "dcu"}',
            event_log = '{"cpuSeconds": 30, "offeredCoreSeconds": 120, "peakExecutorMb": 700}',
            fallback_from = 'standalone', fallback_reason = 'SPARK_MASTER_URL is not set.'
      where job = 'forecast_infer'`,
  );
  const { rows } = await own.query<{ n: number }>(
    `select count(*)::integer as n from batches where job = 'forecast_infer'`,
  );
  const n = rows[0]!.n;
  const infer = (await loadBackfillReport(own, runId)).cost.find(({ job }) => job === 'forecast_infer')!;
  assert.deepEqual(
    [infer.expectedSeconds, infer.actualSeconds, infer.expectedUsd, infer.usd, infer.coreSeconds],
    [60 * n, 40 * n, 0.5 * n, 0.25 * n, null],
  );
  assert.deepEqual(
    [infer.executorCpuSeconds, infer.offeredCoreSeconds, infer.executorMb],
    [30 * n, 120 * n, 700],
  );
  const page = textOf(await renderBackfillReport(own, runId));
  assert.match(
    page,
    /Job Expected Took Cores expected Cores Price expected Price CPU of offered Executor memory/,
  );
  assert.match(page, /\$[\d.]+ \$[\d.]+ 25\.0 % 700 MB/);
  assert.match(
    page,
    /standalone was asked for and is not used: SPARK_MASTER_URL is not set\. \d+ batch(?:es)? went/,
  );
});

test('prices that were generated are marked before anything else', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 20, models: ['naive'], synthetic: true });
  assert.match(
    textOf(await renderBackfillReport(own, runId)),
    /^ *SAMPLE DATA Prices generated by sevenfold/,
  );
  assert.doesNotMatch(page, /SAMPLE DATA/);
});

test('a training has its windows and no dates', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 300, forecasts: true, kind: 'trainForecastModels' });
  await own.query(`delete from units where kind = 'date'`);
  const training = textOf(await renderBackfillReport(own, runId));
  assert.match(training, /sevenfold · training of forecast models/);
  assert.match(training, /16 of 16 models are fitted and stored/);
  assert.match(training, /xgboost 4 4 4 2019-01-01 2020-07-01/);
  assert.doesNotMatch(training, /Every date|Skill against naive|NaN|undefined/);
});

test('an audit tells how many dates gave other bytes', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 30, models: ['naive'], kind: 'auditForecasts' });
  await own.query(`update units set detail = '{"equal": true}' where kind = 'date'`);
  assert.match(textOf(await renderBackfillReport(own, runId)), /✓ all bytes equal .* naive 30 30 0/);
  await own.query(
    `update units set verdict = 'failed', reason = 'day_3 of path 17 differs', detail = '{"equal": false}' where unit = 'naive/2019-06-10'`,
  );
  const differs = textOf(await renderBackfillReport(own, runId));
  assert.match(differs, /✕ 1 different .* naive 30 29 1/);
  assert.match(differs, /naive 2019-06-10 1 ✕ failed .* day_3 of path 17 differs/);
});

test('a run of nothing at all is still a page', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 5, models: ['naive'], forecasts: false });
  await own.query('delete from units; delete from batches; delete from prices; delete from commodities');
  const nothing = textOf(await renderBackfillReport(own, runId));
  assert.doesNotMatch(nothing, /NaN|Infinity|undefined|\bnull\b|\[object/);
  assert.match(nothing, /everything was whole already/);
});

test('no figure on the page is not a number', () => {
  assert.doesNotMatch(textOf(page), /NaN|Infinity|undefined|\bnull\b|\[object/);
});

test('no markup of a source reaches the page, and nothing on it comes over the network', () => {
  const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`;
  const attacked = backfillPage({
    ...report,
    run: { ...report.run, key: hostile, workflowId: hostile, statement: hostile },
    commodity: { ...report.commodity, key: hostile, name: hostile, unit: hostile, source: hostile },
    options: { ...report.options, trainFrequency: hostile, all: [[hostile, hostile]] },
    phases: [{ unit: hostile, verdict: 'failed', reason: hostile, startedAt: null }],
    calendar: {
      ...report.calendar,
      cells: report.calendar.cells.map((cell) => ({ ...cell, reason: hostile })),
    },
    open: {
      all: 1,
      ranges: [
        {
          ...{
            kind: 'date',
            modelVersion: hostile,
            first: '2020-01-01',
            last: '2020-01-02',
            dates: 2,
            found: 0,
            due: 1,
          },
          ...{ verdict: 'failed', reason: hostile, failureType: hostile, tries: 1, unit: hostile },
        },
      ],
    },
    batches: report.batches.map((bar) => ({
      ...bar,
      lane: hostile,
      unit: hostile,
      failed: 1,
      message: hostile,
      errorType: hostile,
    })),
    troubles: {
      all: 1,
      rows: [
        {
          ...{
            batchId: hostile,
            unit: hostile,
            job: hostile,
            attempt: 1,
            state: 'FAILED',
            errorType: hostile,
          },
          ...{ message: hostile, at: new Date(0) },
        },
      ],
    },
    cost: report.cost.map((job) => ({ ...job, job: hostile, engines: [hostile] })),
    fallbacks: [{ from: hostile, to: hostile, reason: hostile, batches: 1 }],
    stages: [{ job: hostile, stage: hostile, seconds: 1 }],
  });
  assert.doesNotMatch(attacked, /<script|<img/i);
  assert.match(attacked, /&lt;script&gt;/);
  assert.doesNotMatch(attacked.replaceAll(/"[^"<>]*"/g, '""'), /<[^>]+\s(?:on\w+|src|srcset|action)=/i);
  assert.doesNotMatch(attacked, /https?:\/\/|@import|url\((?!#)/);
});

test('a model version with digits of its options is shown as it is, in the order of its key', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 30, models: ['naive@0a1b2c', 'xgboost@0a1b2c'] });
  const versions = await loadBackfillReport(own, runId);
  assert.deepEqual(versions.models, ['naive@0a1b2c', 'xgboost@0a1b2c']);
  assert.doesNotMatch(backfillPage(versions), /naive: it stays where it is/);
});
