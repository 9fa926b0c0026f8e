import assert from 'node:assert/strict';
import { before, after, test } from 'node:test';
import { openDatabase } from '../../../../src/database/pool.ts';
import type { Database } from '../../../../src/database/pool.ts';
import { storeChecks } from '../../../../src/ledger/checks.ts';
import { claimRun } from '../../../../src/ledger/runs.ts';
import { layOutUnits } from '../../../../src/ledger/units.ts';
import { loadDailyReport } from '../../../../src/kinds/daily/page/data.ts';
import type { DailyReport } from '../../../../src/kinds/daily/page/data.ts';
import { renderDailyReport } from '../../../../src/kinds/daily/page/report.ts';
import { dailyPhases } from '../../../../src/kinds/daily/phases.ts';
import { testDatabase } from '../../../support/postgres.ts';
import { fillRichDay } from './rich-day.ts';
import { firstDate, richDate } from './rich-pools.ts';

const dataset = 'files/real';
const date = '2025-06-30';
let database: Database;
let runId: string;
let report: DailyReport;

async function claim(day: string, set = dataset): Promise<string> {
  const key = `daily/${set}/${day}`;
  const run = await claimRun(
    database,
    {
      key,
      kind: 'dailyPipeline',
      dataset: set,
      date: day,
      workflowId: key,
      workflowRunId: key,
      priority: 1,
      engine: 'local',
      input: { dataset: 'files', date: day },
    },
    async () => false,
  );
  await layOutUnits(database, run.runId, dailyPhases);
  return run.runId;
}

async function addPool(poolId: string, symbol: string | null, active = true): Promise<void> {
  await database.query(
    `insert into pools (dataset, pool_id, symbol, protocol, chain, tvl, apy, is_active, change_seq)
     values ($1, $2, $3, 'aave-v3', 'Ethereum', 1, 1, $4, 1), ('files/other', $2, $3, 'aave-v3', 'Ethereum', 1, 1, true, 1)`,
    [dataset, poolId, symbol, active],
  );
}

async function addDay(poolId: string, day: string, tvl: number | null, apy: number): Promise<void> {
  if (tvl !== null) {
    await database.query('insert into pool_history values ($1, $2, $3, $4, $5, 1)', [
      dataset,
      poolId,
      day,
      apy,
      tvl,
    ]);
  }
  await database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, actual_apy, actual_tvl, rolling_apy_7d, rolling_apy_30d,
                                     stddev_apy_30d, stale_days, metrics_version)
     values ($1, $2, $3, $4::float8, $5, $4::float8 + 1, $4::float8 + 2, 0.25, $6, 1)`,
    [dataset, poolId, day, apy, tvl, tvl === null ? 1 : 0],
  );
}

async function judge(poolId: string, reason: string | null, group: number): Promise<void> {
  await database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, is_filtered_out, filter_reason, pool_group)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (dataset, pool_id, date) do update
        set is_filtered_out = excluded.is_filtered_out, filter_reason = excluded.filter_reason, pool_group = excluded.pool_group`,
    [dataset, poolId, date, reason !== null, reason, group],
  );
}

before(async () => {
  database = openDatabase(await testDatabase(), 'test');
  for (let day = 10; day < 22; day++) {
    const earlier = await claim(`2025-06-${day}`);
    await database.query(
      `update runs set status = 'complete', claimed_at = $2::date, finished_at = $2::date + interval '8.5 s' where run_id = $1`,
      [earlier, `2025-06-${day}`],
    );
    await database.query(
      `update units set rows_found = $2, detail = case unit when 'prefilter' then '{"passed": 7}' else '{}' end::jsonb
        where run_id = $1`,
      [earlier, day],
    );
  }
  await claim('2025-06-29', 'files/other');
  runId = await claim(date);

  await addPool('large', 'USDT');
  await addPool('small', 'USDC');
  await addPool('rejected', null);
  await addPool('unjudged', 'DAI');
  await addPool('gone', 'MIM', false);
  await addDay('large', '2025-06-29', 900, 4);
  await addDay('large', '2025-06-30', 999_999, 44); // the run date itself is not known at the run
  await addDay('small', '2025-06-28', 500, 5);
  await addDay('small', '2025-06-29', null, 5);
  await judge('large', null, 1);
  await judge('small', null, 3);
  await judge('rejected', 'nameless: the source gives no symbol', 4);
  await database.query(
    `insert into icebox_tokens values ($1, $2, 'USDS', '2024-10-17', 'close 0.9101'), ($1, '2025-06-29', 'DAI', '2025-06-01', 'old')`,
    [dataset, date],
  );
  await database.query(
    `insert into macroeconomic_data values ($1, 'SOFR', '2025-06-27', 4.3, 'SOFR', 'daily', 1)`,
    [dataset],
  );
  const details = {
    ingest: {
      due: { pools: 5 },
      newest: { pool_history: date, gas_fees_daily: '2025-06-29', ETH: date, SOFR: '2025-06-27' },
    },
    prefilter: { passed: 2 },
    metrics: { stalePrices: [{ symbol: 'USDe', newest: '2024-12-16' }], unpricedTokens: ['BOLD'] },
  };
  for (const [unit, detail] of Object.entries(details)) {
    await database.query(
      `update units set verdict = 'complete', rows_due = 21776, rows_found = 21776, detail = $3 where run_id = $1 and unit = $2`,
      [runId, unit, JSON.stringify(detail)],
    );
  }
  await storeChecks(database, runId, 'ingest', [
    { name: 'rows', severity: 'block', passed: true, observed: '5', expected: '5', message: 'rows' },
  ]);
  await database.query(
    `insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request, result, usage,
                          workflow_id, workflow_run_id)
     values ('sf-x-00000000', $1, 'ingest', 1, 'pool_ingest', 'local', 1, 'SUCCEEDED', '{}',
             '{"warnings": ["3 pools have no history"]}', '{"seconds": 1.5, "cpuSeconds": 1.2, "peakMb": 210}', 'w', 'w')`,
    [runId],
  );
  await database.query(
    `insert into allocation_parameters (run_id, parameters, approved_tokens_snapshot, blacklisted_tokens_snapshot,
                                        approved_protocols_snapshot)
     values ($1, '{"pool_tvl_limit": 100000}', '[{}, {}]', '[{}]', '[{}, {}, {}]')`,
    [runId],
  );
  report = await loadDailyReport(database, runId);
});

after(() => database.end());

test('reads the active pools of its own data set, largest first', () => {
  assert.deepEqual(
    report.pools.map((pool) => pool.poolId),
    ['large', 'small', 'rejected', 'unjudged'],
  );
});

test('shows what was known at the run: figures of the last complete day, not of the run date', () => {
  assert.equal(report.figuresOf, '2025-06-29');
  assert.deepEqual(report.pools[0], {
    poolId: 'large',
    symbol: 'USDT',
    protocol: 'aave-v3',
    chain: 'Ethereum',
    passed: true,
    reason: null,
    byPrefilter: false,
    group: 1,
    tvl: 900,
    apy: 4,
    apy7d: 5,
    apy30d: 6,
    stddev30d: 0.25,
    staleDays: 0,
    forecastApy: null,
    forecastTvl: null,
  });
});

test('a pool without a value on the last day shows its newest TVL, and that it is stale', () => {
  const { tvl, apy, staleDays } = report.pools[1]!;
  assert.deepEqual({ tvl, apy, staleDays }, { tvl: 500, apy: 5, staleDays: 1 });
});

test('tells rejected pools from those that no phase has judged', () => {
  const { passed, reason, tvl } = report.pools[2]!;
  assert.deepEqual(
    { passed, reason, tvl },
    { passed: false, reason: 'nameless: the source gives no symbol', tvl: null },
  );
  assert.deepEqual([report.pools[3]!.passed, report.pools[3]!.reason], [false, null]);
});

test('reads icebox, prices and settings of this run alone', () => {
  assert.deepEqual(report.icebox, [{ symbol: 'USDS', since: '2024-10-17', reason: 'close 0.9101' }]);
  assert.deepEqual(report.stalePrices, [{ symbol: 'USDe', newest: '2024-12-16' }]);
  assert.deepEqual(report.unpricedTokens, ['BOLD']);
  assert.deepEqual(report.settings, {
    parameters: { pool_tvl_limit: 100_000 },
    approvedTokens: 2,
    blacklistedTokens: 1,
    approvedProtocols: 3,
  });
});

test('knows tables, prices and macro series apart', () => {
  assert.deepEqual(report.sources, [
    { name: 'pool_history', kind: 'history', newest: date },
    { name: 'gas_fees_daily', kind: 'gas', newest: '2025-06-29' },
    { name: 'ETH', kind: 'price', newest: date },
    { name: 'SOFR', kind: 'macro', newest: '2025-06-27' },
  ]);
  assert.deepEqual(report.remarks, ['3 pools have no history']);
});

test('is held against the ten newest other runs of its data set', () => {
  assert.equal(report.counts.length, 11);
  assert.equal(report.counts[0]!.runId, runId);
  assert.deepEqual(
    report.counts.slice(1).map((row) => row.date),
    Array.from({ length: 10 }, (_, i) => `2025-06-${21 - i}`),
  );
  const { ingestRows, pools, passed, metricsRows, seconds } = report.counts[1]!;
  assert.deepEqual(
    { ingestRows, pools, passed, metricsRows, seconds },
    { ingestRows: 21, pools: 21, passed: 7, metricsRows: 21, seconds: 8.5 },
  );
});

test('what was read makes a page with the same figures', () => {
  const page = renderDailyReport(report).replaceAll('\u202f', ' ');
  for (const shown of ['$900', '4.00 %', '21,776', '3 pools have no history', 'close 0.9101', '210 MB']) {
    assert.ok(page.includes(shown), shown);
  }
  assert.ok(!page.includes('999,999'));
});

test('a first day, and a day that failed before its decision, are pages in words', async (t) => {
  const rich = openDatabase(await testDatabase(), 'test');
  t.after(() => rich.end());
  const { runId: last } = await fillRichDay(rich);
  const runOf = async (day: string) =>
    (
      await rich.query<{ runId: string }>(
        `select run_id as "runId" from runs where kind = 'dailyPipeline' and date = $1`,
        [day],
      )
    ).rows[0]!.runId;
  const first = renderDailyReport(await loadDailyReport(rich, await runOf(firstDate)));
  assert.match(first, /Paid in to open/);
  assert.doesNotMatch(first, /Left by|NaN|undefined|Infinity|\[object/);

  await rich.query(`delete from allocations where date = $1`, [richDate]);
  await rich.query(`delete from allocation_positions where date = $1`, [richDate]);
  await rich.query(`delete from daily_balances where date = $1`, [richDate]);
  await rich.query(`delete from asset_allocations where run_id = $1`, [last]);
  await rich.query(`delete from pool_forecasts where date = $1`, [richDate]);
  const failed = await loadDailyReport(rich, last);
  assert.equal(failed.portfolio.decision, null);
  assert.equal(failed.portfolio.heldSince, '2025-06-29');
  const page = renderDailyReport(failed);
  assert.match(page, /was decided on 2025-06-29/);
  assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
});

test('nothing of the run date and later counts as past: an error needs an actual value of an earlier day', async (t) => {
  const rich = openDatabase(await testDatabase(), 'test');
  t.after(() => rich.end());
  const { runId } = await fillRichDay(rich);
  const before = await loadDailyReport(rich, runId);
  await rich.query(
    `insert into pool_history (dataset, pool_id, date, apy, tvl, change_seq)
     select dataset, pool_id, d, 999, 1, 1 from pools, generate_series($1::date, $1::date + 3, '1 day') d`,
    [richDate],
  );
  await rich.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, actual_apy, forecasted_apy, metrics_version)
     select dataset, pool_id, $1::date + 1, 999, 999, 1 from pools`,
    [richDate],
  );
  const after = await loadDailyReport(rich, runId);
  assert.deepEqual(after.forecast, before.forecast);
  assert.deepEqual(after.portfolio, before.portfolio);
  assert.deepEqual(after.pools, before.pools);
});

test('5,000 pools are a page of less than 1 MB', async (t) => {
  const rich = openDatabase(await testDatabase(), 'test');
  t.after(() => rich.end());
  const { runId } = await fillRichDay(rich, { morePools: 5_000 });
  const bytes = Buffer.byteLength(renderDailyReport(await loadDailyReport(rich, runId)));
  assert.ok(bytes < 1_000_000, `${bytes} bytes`);
});
