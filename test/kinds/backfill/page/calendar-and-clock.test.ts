/** Which dates lack something, on the calendar, and how the batches ran, on the clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBackfillReport } from '../../../../src/kinds/backfill/page/data.ts';
import { backfillPage, renderBackfillReport } from '../../../../src/kinds/backfill/page/report.ts';
import { seedForecasts, spoilDates } from '../../../support/forecasts.ts';
import { textOf } from '../../../support/read-page.ts';
import { fresh, piecesOf } from './seeded-pages.ts';

test('dates that are not whole are marked, described under the pointer, listed as ranges and explained', async (t) => {
  const own = await fresh(t);
  const { runId, key } = await seedForecasts(own, { dates: 300, models: ['naive', 'xgboost'] });
  const poisoned = {
    verdict: 'quarantined',
    reason: 'poisoned: no rows <b>',
    failureType: 'CheckFailed',
    tries: 7,
  } as const;
  await spoilDates(own, runId, 'xgboost', '2020-04-20', '2020-04-20', poisoned);
  await spoilDates(own, runId, 'xgboost', '2019-12-27', '2020-01-03', { verdict: 'missing' });
  await spoilDates(own, runId, 'naive', '2019-06-03', '2019-06-14', {
    verdict: 'skipped',
    reason: 'too little history',
  });
  await spoilDates(own, runId, 'naive', '2020-02-03', '2020-02-03', { verdict: 'partial', found: 37 });
  const spoilt = await renderBackfillReport(own, runId);
  const text = textOf(spoilt);
  const pieces = piecesOf(spoilt).filter(({ verdict }) => verdict !== 'complete');
  assert.deepEqual(
    pieces.map(({ verdict, title }) => `${verdict} ${title}`),
    [
      'skipped 2019-06-03 – 2019-06-14: 10 dates, skipped. too little history',
      'partial 2020-02-03: 1 date, partial, 37 of 50 rows',
      'missing 2019-12-27 – 2019-12-31: 3 dates, missing, 0 of 150 rows',
      'missing 2020-01-01 – 2020-01-03: 3 dates, missing, 0 of 150 rows',
      'quarantined 2020-04-20: 1 date, quarantined, 0 of 50 rows. poisoned: no rows &lt;b&gt;',
    ],
  );
  // The list knows no years.
  assert.match(text, /xgboost 2019-12-27 – 2020-01-03 6 ! missing 0 300 –/);
  assert.match(text, /naive 2019-06-03 – 2019-06-14 10 · skipped 0 0 too little history/);
  assert.match(
    text,
    /! partial 29,137 of 29,500 rows are in the database; 8 of 600 forecasts are not whole\. 10 dates were skipped/,
  );
  assert.match(text, /✕ quarantined CheckFailed: poisoned: no rows/);
  assert.match(text, /1 date, 7 tries: xgboost 2020-04-20/);
  for (const command of ['why', 'retry', 'skip'])
    assert.ok(text.includes(`npx sevenfold ${command} ${key}`), command);
  assert.match(text, /--dates 2020-04-20 --reason "…"/);
});

test('a page that is written while dates may still come says that the run goes on', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 20, models: ['naive'] });
  await spoilDates(own, runId, 'naive', '2019-06-10', '2019-07-01', { verdict: 'missing' });
  await own.query(`update units set started_at = null where unit = 'report'`);
  assert.match(textOf(await renderBackfillReport(own, runId)), /· running 250 of 1,000 rows/);
});

test('30,000 dates of two models that all differ from their neighbours stay legible and under 1 MB', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, {
    start: '1911-01-02',
    dates: 30_000,
    forecasts: false,
    paths: 1,
    models: ['naive', 'xgboost'],
  });
  await own.query(
    `update units set verdict = (array['missing', 'failed', 'quarantined', 'partial'])[1 + abs(date - date '2000-01-01') / 2 % 4], rows_found = 0,
            reason = repeat('<', 500) || unit
      where kind = 'date' and (date - date '2000-01-01') % 2 = 0`,
  );
  const loaded = await loadBackfillReport(own, runId);
  assert.equal(loaded.calendar.granularity === 'day', false);
  const large = backfillPage(loaded);
  assert.ok(Buffer.byteLength(large) < 1_000_000, `${Buffer.byteLength(large)} bytes`);
  assert.match(
    textOf(large),
    new RegExp(`One cell is a ${loaded.calendar.granularity} and shows the worst of its dates`),
  );
  assert.match(textOf(large), /more ranges; all of them: npx sevenfold why backfill/);
  // Nothing is lost by the coarser cells.
  const dates = loaded.calendar.cells.reduce((sum, cell) => sum + cell.dates, 0);
  assert.equal(dates, 60_000);
  assert.match(piecesOf(large)[0]!.title, /of them not complete, worst: /);
});

test('thousands of batches become one bar for each part of the time, and no failure is hidden', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 3_000, models: ['naive'], forecasts: false, chunk: 1 });
  await own.query(
    `update batches set state = 'FAILED', error_type = 'OutOfMemory', state_message = 'killed' where unit = 'chunk 1234'`,
  );
  await own.query(`update batches set attempt = 2 where unit = 'chunk 2000'`);
  const loaded = await loadBackfillReport(own, runId);
  assert.ok(loaded.batches.length < 400, `${loaded.batches.length} bars`);
  assert.equal(
    loaded.batches.reduce((sum, bar) => sum + bar.batches, 0),
    3_002,
  );
  const many = backfillPage(loaded);
  assert.equal([...many.matchAll(/class="bar bad"/g)].length, 1 + 1 /* the legend */);
  assert.match(many, /title="\d+ batches[^"]*1 failed \(OutOfMemory\): killed"/);
  assert.match(textOf(many), /chunk 1234 1 ✕ failed OutOfMemory: killed/);
  assert.ok(Buffer.byteLength(many) < 1_000_000);
});

test('a retry, an adoption and a failure can be distinguished on the clock', async (t) => {
  const own = await fresh(t);
  const { runId } = await seedForecasts(own, { dates: 200, models: ['naive', 'xgboost'], chunk: 50 });
  await own.query(
    `update batches set state = 'FAILED', error_type = 'Infrastructure', state_message = 'gone' where unit = 'chunk 2'`,
  );
  await own.query(`update batches set attempt = 2 where unit = 'chunk 3'`);
  await own.query(`update batches set watchers = 2 where unit = 'chunk 4'`);
  await own.query(
    `update batches set result = result || '{"failed": [{"dates": ["2019-06-05"], "errorType": "JobFailed", "message": "refused"}]}'
      where unit = 'chunk 5'`,
  );
  const shown = await renderBackfillReport(own, runId);
  assert.match(shown, /class="bar part"[^>]*title="chunk 5: [^"]*, done in part \(JobFailed\): refused"/);
  assert.match(shown, /class="bar bad"[^>]*title="chunk 2: [^"]*, failed \(Infrastructure\): gone"/);
  assert.match(shown, /class="bar again"[^>]*title="chunk 3, attempt 2: [^"]*, done"/);
  assert.match(shown, /class="bar again"[^>]*title="chunk 4, 2 watchers: /);
  assert.match(
    textOf(shown),
    /Batches on the clock .* again, or watched by another worker failed done, but some of its dates failed/,
  );
});
