import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { beginPhase, verifyPhase } from '../../src/activities/phases.ts';
import { writeReport } from '../../src/activities/report.ts';
import { closeRun } from '../../src/activities/runs.ts';
import { groupPools, openRun, prefilterPools, snapshotSettings } from '../../src/kinds/daily/activities.ts';
import { readRun } from '../../src/ledger/runs.ts';
import type { Fence } from '../../src/ledger/units.ts';
import { settingsOfRun } from '../../src/kinds/daily/settings-snapshot.ts';
import { beginAttempt, readUnit } from '../../src/ledger/units.ts';
import { dailyPhases } from '../../src/kinds/daily/phases.ts';
import type { DailyPhase } from '../../src/kinds/daily/phases.ts';
import { loadPoolSettings } from '../../src/pools/settings.ts';
import { fillPools, testDependencies } from '../support/daily-run.ts';

const date = '2026-01-31';
const owner = { workflowId: 'w', workflowRunId: 'r' };

async function openDay(deps: Dependencies, day = date, parity = false): Promise<string> {
  const dataset = parity ? 'sample+parity' : 'sample';
  const input = { dataset: 'sample' as const, date: day, ...(parity && { parity }) };
  const { runId } = await openRun(deps, {
    kind: 'dailyPipeline',
    units: dailyPhases,
    ...owner,
    key: `daily/${dataset}/${day}`,
    date: day,
    input,
    priority: 1,
  });
  return runId;
}

async function begin(deps: Dependencies, runId: string, phase: DailyPhase): Promise<Fence> {
  const begun = await beginPhase(deps, { runId, phase, force: false, again: false });
  assert.ok(!begun.reused, `${phase} was taken for whole`);
  return begun.fence;
}

async function withPools(t: TestContext): Promise<{ deps: Dependencies; runId: string }> {
  const deps = await testDependencies(t);
  await fillPools(
    deps.database,
    'sample',
    [
      { id: 'good' },
      { id: 'elsewhere', chain: 'Base' },
      { id: 'nameless', protocol: null, chain: null, symbol: null, tokens: [], addresses: [] },
      { id: 'gone', active: false },
    ],
    { first: '2026-01-01', last: '2026-01-30' },
  );
  return { deps, runId: await openDay(deps) };
}

test('settings are on record once, and a second look finds them whole', async (t) => {
  const { deps, runId } = await withPools(t);
  await snapshotSettings(deps, { fence: await begin(deps, runId, 'prepare') });
  assert.deepEqual(await verifyPhase(deps, { runId, phase: 'prepare' }), { complete: true, reason: '' });
  assert.deepEqual(await beginPhase(deps, { runId, phase: 'prepare', force: false, again: false }), {
    reused: true,
  });
});

test('settings that are edited in the middle of a run are those of the next run', async (t) => {
  const { deps, runId } = await withPools(t);
  const checkout = await mkdtemp(join(tmpdir(), 'sevenfold-test-checkout-'));
  t.after(() => rm(checkout, { recursive: true }));
  await cp(join(deps.config.checkout, 'config'), join(checkout, 'config'), { recursive: true });
  const edited = { ...deps, config: { ...deps.config, checkout } };
  await snapshotSettings(edited, { fence: await begin(edited, runId, 'prepare') });
  await prefilterPools(edited, { fence: await begin(edited, runId, 'prefilter') });
  assert.ok((await verifyPhase(edited, { runId, phase: 'prefilter' })).complete);
  assert.deepEqual(await settingsOfRun(edited, runId), loadPoolSettings(checkout));

  const lists = join(checkout, 'config/pools/lists.json');
  const parameters = join(checkout, 'config/pools/parameters.json');
  await writeFile(
    lists,
    JSON.stringify({ ...JSON.parse(await readFile(lists, 'utf8')), approved_protocols: ['nobody'] }),
  );
  await writeFile(
    parameters,
    JSON.stringify({ ...JSON.parse(await readFile(parameters, 'utf8')), pool_tvl_limit: 1e12 }),
  );
  // this run goes on as it began: what is done counts as done, and done again it comes out the same
  const again = await beginPhase(edited, { runId, phase: 'prefilter', force: false, again: false });
  assert.deepEqual(again, { reused: true });
  await prefilterPools(edited, {
    fence: await beginAttempt(edited.database, runId, 'prefilter', 'again'),
  });
  const passed = async (of: string) => {
    const { rows } = await edited.database.query<{ id: string }>(
      `select pool_id as id from pool_daily_metrics where date = $1 and prefilter_reason is null`,
      [of],
    );
    return rows.map(({ id }) => id);
  };
  assert.deepEqual(await passed(date), ['good']);
  // the next one takes the new settings, by which nobody passes
  await closeRun(edited, { ...owner, runId, status: 'failed' });
  const next = await openDay(edited, '2026-02-01');
  await snapshotSettings(edited, { fence: await begin(edited, next, 'prepare') });
  await assert.rejects(
    async () => prefilterPools(edited, { fence: await begin(edited, next, 'prefilter') }),
    /None of the 3 pools passes/,
  );
});

test('every active pool is judged on the day, rejected ones say why, twice changes nothing', async (t) => {
  const { deps, runId } = await withPools(t);
  const judged = async () =>
    (
      await deps.database.query(
        `select pool_id, is_filtered_out, filter_reason from pool_daily_metrics where date = $1 order by pool_id`,
        [date],
      )
    ).rows as { pool_id: string; is_filtered_out: boolean; filter_reason: string | null }[];
  const fence = await begin(deps, runId, 'prefilter');
  await prefilterPools(deps, { fence });
  const once = await judged();
  assert.deepEqual(
    once.map(({ pool_id, is_filtered_out }) => [pool_id, is_filtered_out]),
    [
      ['elsewhere', true],
      ['good', false],
      ['nameless', true],
    ],
  );
  assert.match(once[0]!.filter_reason!, /chain/);
  assert.match(once[2]!.filter_reason!, /no protocol, chain and symbol/);
  await prefilterPools(deps, { fence });
  assert.deepEqual(await judged(), once);
  assert.equal((await verifyPhase(deps, { runId, phase: 'prefilter' })).complete, true);
});

test('a rejection that somebody removed is found, and the phase is not whole any more', async (t) => {
  const { deps, runId } = await withPools(t);
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  await verifyPhase(deps, { runId, phase: 'prefilter' });
  await deps.database.query(`delete from pool_daily_metrics where pool_id = 'nameless'`);
  const begun = await beginPhase(deps, { runId, phase: 'prefilter', force: false, again: false });
  assert.equal(begun.reused, false);
});

test('the same verdict again leaves what the final filter said, another verdict replaces it', async (t) => {
  const { deps, runId } = await withPools(t);
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  await deps.database.query(
    `update pool_daily_metrics set is_filtered_out = true, filter_reason = 'icebox: USDC' where pool_id = 'good'`,
  );
  const said = async () =>
    (
      await deps.database.query<{ filter_reason: string }>(
        `select filter_reason from pool_daily_metrics where pool_id = 'good' and date = $1`,
        [date],
      )
    ).rows[0]!.filter_reason;
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  assert.equal(await said(), 'icebox: USDC');
  assert.equal((await verifyPhase(deps, { runId, phase: 'prefilter' })).complete, true);
  await deps.database.query(`update pools set chain = 'Base' where pool_id = 'good'`);
  await deps.database.query(`update pools set chain = 'Ethereum' where pool_id = 'elsewhere'`);
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  assert.match(await said(), /chain/);
});

test('a day on which nobody passes is refused and leaves everything as it was', async (t) => {
  const deps = await testDependencies(t);
  await fillPools(deps.database, 'sample', [{ id: 'a', chain: 'Base' }], {
    first: '2026-01-01',
    last: '2026-01-30',
  });
  const runId = await openDay(deps);
  const fence = await begin(deps, runId, 'prefilter');
  await assert.rejects(prefilterPools(deps, { fence }), {
    type: 'InvalidInput',
    message: /None of the 1 pools.*chain/,
  });
  assert.equal((await deps.database.query('select 1 from pool_daily_metrics')).rowCount, 0);
});

test('a newer attempt took over: the older one writes no judgement', async (t) => {
  const { deps, runId } = await withPools(t);
  const zombie = await begin(deps, runId, 'prefilter');
  await beginPhase(deps, { runId, phase: 'prefilter', force: false, again: true });
  await assert.rejects(prefilterPools(deps, { fence: zombie }), { type: 'Fenced' });
  assert.equal((await deps.database.query('select 1 from pool_daily_metrics')).rowCount, 0);
});

test('judging an older day again leaves the flag of the pool to the newest day', async (t) => {
  const { deps, runId } = await withPools(t);
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  await deps.database.query(`update pools set chain = 'Base' where pool_id = 'good'`);
  await deps.database.query(`update pools set chain = 'Ethereum' where pool_id = 'elsewhere'`);
  const earlier = await openDay(deps, '2026-01-20');
  await prefilterPools(deps, { fence: await begin(deps, earlier, 'prefilter') });
  const { rows } = await deps.database.query(
    `select currently_filtered_out from pools where pool_id = 'good'`,
  );
  assert.deepEqual(rows, [{ currently_filtered_out: false }]);
});

/** Metrics rows as the job leaves them, with figures that decide the group. */
async function fillMetrics(deps: Dependencies, dataset: string): Promise<void> {
  await deps.database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, actual_apy, apy_delta_today_yesterday, stddev_apy_7d,
                                     stddev_apy_30d, stddev_apy_7d_delta, stddev_apy_30d_delta, metrics_version)
     select dataset, pool_id, date, apy, case when date between '2026-01-27' and '2026-01-30' then -2.5 else -9 end, 0.1, 0.1, -1, -1, 1
       from pool_history where dataset = $1`,
    [dataset],
  );
}

test('groups rest on the last complete days, by how much the APY moved whatever the direction', async (t) => {
  const { deps, runId } = await withPools(t);
  await fillMetrics(deps, 'sample');
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  await groupPools(deps, { fence: await begin(deps, runId, 'metrics') });
  const { rows } = await deps.database.query(
    `select pool_group from pool_daily_metrics where date = $1 order by pool_id`,
    [date],
  );
  assert.deepEqual(rows, [{ pool_group: 2 }, { pool_group: 2 }, { pool_group: 2 }]);
  assert.deepEqual(await verifyPhase(deps, { runId, phase: 'metrics' }), { complete: true, reason: '' });
});

test("parity groups rest on the run date itself, where the original's figures are missing", async (t) => {
  const deps = await testDependencies(t);
  await fillPools(deps.database, 'sample+parity', [{ id: 'good' }], {
    first: '2026-01-01',
    last: '2026-01-30',
  });
  const runId = await openDay(deps, date, true);
  await fillMetrics(deps, 'sample+parity');
  await groupPools(deps, { fence: await begin(deps, runId, 'metrics') });
  const { rows } = await deps.database.query(`select pool_group from pool_daily_metrics where date = $1`, [
    date,
  ]);
  assert.deepEqual(rows, [{ pool_group: 4 }]);
});

test('one metrics row too few is found', async (t) => {
  const { deps, runId } = await withPools(t);
  await fillMetrics(deps, 'sample');
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  await groupPools(deps, { fence: await begin(deps, runId, 'metrics') });
  await deps.database.query(`delete from pool_daily_metrics where pool_id = 'good' and date = '2026-01-17'`);
  const verified = await verifyPhase(deps, { runId, phase: 'metrics' });
  assert.equal(verified.complete, false);
  assert.match(verified.reason, /rows: found 119, expected 120/);
  assert.equal((await readUnit(deps.database, runId, 'metrics')).verdict, 'failed');
});

test('a figure that is not finite is found', async (t) => {
  const { deps, runId } = await withPools(t);
  await fillMetrics(deps, 'sample');
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  await groupPools(deps, { fence: await begin(deps, runId, 'metrics') });
  for (const figure of ['NaN', 'Infinity', '-Infinity']) {
    await deps.database.query(
      `update pool_daily_metrics set rolling_apy_7d = $1 where pool_id = 'good' and date = '2026-01-17'`,
      [figure],
    );
    const { reason } = await verifyPhase(deps, { runId, phase: 'metrics' });
    assert.match(reason, /^finite figures: found 1, expected 0/, figure);
  }
});

test('metrics are whole only for what they would be made of today', async (t) => {
  const { deps, runId } = await withPools(t);
  await fillMetrics(deps, 'sample');
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  const changes = {
    'a value of the history was revised': `update pool_history set apy = 6, change_seq = nextval('change_seq')
       where pool_id = 'good' and date = '2026-01-17'`,
    'a price came in': `insert into token_prices_daily (dataset, symbol, date, close, change_seq)
       values ('sample', 'USDC', '2026-01-30', 1, nextval('change_seq'))`,
    'a gas price came in': `insert into gas_fees_daily (dataset, date, actual_avg_gas_gwei, change_seq)
       values ('sample', '2026-01-30', 1.5, nextval('change_seq'))`,
    'a pool is another one': `update pools set chain = 'Base' where pool_id = 'good'`,
  };
  await groupPools(deps, { fence: await begin(deps, runId, 'metrics') });
  for (const [what, change] of Object.entries(changes)) {
    const begun = await beginPhase(deps, { runId, phase: 'metrics', force: false, again: false });
    assert.deepEqual(begun, { reused: true }, `until ${what}`);
    await deps.database.query(change);
    await groupPools(deps, { fence: await begin(deps, runId, 'metrics') });
  }
});

test('a token below its peg is in the icebox of the day, with its reason', async (t) => {
  const { deps, runId } = await withPools(t);
  await fillMetrics(deps, 'sample');
  await deps.database.query(
    `insert into token_prices_daily (dataset, symbol, date, low, close, change_seq)
     select 'sample', 'USDC', day, 0.90, 0.91, 1 from generate_series(date '2026-01-26', '2026-01-30', '1 day') as day`,
  );
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  await groupPools(deps, { fence: await begin(deps, runId, 'metrics') });
  const { rows } = await deps.database.query(
    'select token_symbol, reason from icebox_tokens where date = $1',
    [date],
  );
  assert.equal(rows.length, 1);
  assert.equal((rows[0] as { token_symbol: string }).token_symbol, 'USDC');
});

test('the page is a file, known to the run, and its absence is noticed', async (t) => {
  const { deps, runId } = await withPools(t);
  await snapshotSettings(deps, { fence: await begin(deps, runId, 'prepare') });
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  await writeReport(deps, { fence: await begin(deps, runId, 'report') });
  const { report } = await readRun(deps.database, runId);
  assert.ok(existsSync(join(deps.config.stateFolder, report!)));
  assert.equal((await verifyPhase(deps, { runId, phase: 'report' })).complete, true);
  deps.config.stateFolder = join(deps.config.stateFolder, 'elsewhere');
  assert.equal((await verifyPhase(deps, { runId, phase: 'report' })).complete, false);
});

test('a run closes with the statement of what is left', async (t) => {
  const { deps, runId } = await withPools(t);
  const summary = await closeRun(deps, { ...owner, runId, status: 'failed' });
  assert.match(summary.statement, /left: prepare, ingest, .*allocate, .*report/);
  assert.equal((await readRun(deps.database, runId)).status, 'failed');
});

test('two folders of one name do not share a data set, a folder that moved keeps its own', async (t) => {
  const deps = await testDependencies(t);
  const root = deps.config.stateFolder;
  for (const name of ['a/panel', 'b/panel']) await mkdir(join(root, name), { recursive: true });
  const open = (path: string) =>
    openRun(deps, {
      kind: 'dailyPipeline',
      units: dailyPhases,
      ...owner,
      key: `daily/files/panel/${date}`,
      date,
      input: { dataset: 'files', path: join(root, path), date },
      priority: 1,
    });
  await open('a/panel');
  await assert.rejects(open('b/panel'), { type: 'InvalidInput', message: /a\/panel.*Rename one/ });
  await assert.rejects(open('c/panel'), { type: 'InvalidInput', message: /no folder/ });
  await rm(join(root, 'a'), { recursive: true });
  await open('b/panel');
});
