import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../../src/activities/dependencies.ts';
import { verifyPhase } from '../../../src/activities/phases.ts';
import {
  allocate,
  fetchSource,
  filterPools,
  openRun,
  planFetch,
  prefilterPools,
  settleSources,
  snapshotSettings,
} from '../../../src/kinds/daily/activities.ts';
import { loadDailyReport } from '../../../src/kinds/daily/page/data.ts';
import { renderDailyReport } from '../../../src/kinds/daily/page/report.ts';
import { phasesOf } from '../../../src/kinds/daily/phases.ts';
import { addDays } from '../../../src/planning/days.ts';
import { readSourceSettings } from '../../../src/sources/settings.ts';
import { assetsOf, emulatedWallet as wallet, transferOf, usualTransfers } from '../../live/chain.ts';
import { startLiveEmulator } from '../../live/service.ts';
import type { LiveEmulator } from '../../live/service.ts';
import { makeWorld } from '../../live/world.ts';
import type { World } from '../../live/world.ts';
import { testDependencies } from '../../support/daily-run.ts';
import { begin } from '../../support/portfolio.ts';

const [first, second] = ['2026-11-20', '2026-11-21'];
const usdc = '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48';
const other = '0x00000000000000000000000000000000000000c3';

interface Wallets {
  deps: Dependencies;
  emulator: LiveEmulator;
  /** The phases from fetching to the decision, each with its checks; what jobs in Spark bring is put there. */
  day: (world: World) => Promise<string>;
}

async function walletDays(t: TestContext): Promise<Wallets> {
  const deps = await testDependencies(t);
  const emulator = await startLiveEmulator({ day: first, days: 5 });
  t.after(() => emulator.stop());
  const settings = (today: string) =>
    readSourceSettings({
      ...emulator.environment,
      ...{ SEVENFOLD_LIVE_TODAY: today, SEVENFOLD_REQUESTS_PER_MINUTE: '60000' },
    });
  return {
    deps,
    emulator,
    async day(world) {
      const date = world.day;
      emulator.serve(world);
      deps.config.sources = settings(date);
      const input = { dataset: 'live' as const, date, portfolio: 'onchain' as const };
      const { runId } = await openRun(deps, {
        ...{ workflowId: 'w', workflowRunId: 'r', priority: 1, units: phasesOf(input) },
        ...{ kind: 'dailyPipeline', key: `daily/live/${date}`, date, input },
      });
      await snapshotSettings(deps, { fence: await begin(deps, runId, 'prepare') });
      const fence = await begin(deps, runId, 'fetch');
      for (const { name: source } of await planFetch(deps, { fence })) {
        await new MockActivityEnvironment().run(() => fetchSource(deps, { fence, source }));
      }
      await settleSources(deps, { fence, troubles: [] });
      assert.deepEqual(await verifyPhase(deps, { runId, phase: 'fetch' }), { complete: true, reason: '' });
      await ingest(deps, world);
      await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
      await forecast(deps, date);
      await filterPools(deps, { fence: await begin(deps, runId, 'filter') });
      assert.deepEqual(await verifyPhase(deps, { runId, phase: 'filter' }), { complete: true, reason: '' });
      await allocate(deps, { fence: await begin(deps, runId, 'allocate') });
      assert.deepEqual(await verifyPhase(deps, { runId, phase: 'allocate' }), { complete: true, reason: '' });
      return runId;
    },
  };
}

async function ingest({ database }: Dependencies, world: World): Promise<void> {
  const addresses = world.addresses();
  for (const pool of world.pools) {
    const tokens = (pool['underlyingTokens'] as string[] | null) ?? [];
    await database.query(
      `insert into pools (dataset, pool_id, protocol, chain, symbol, tvl, apy, pool_address, underlying_tokens,
                          underlying_token_addresses, change_seq)
       values ('live', $1, $2, $3, $4, 1e8, 5, $5, $6, $7, nextval('change_seq'))
       on conflict (dataset, pool_id) do nothing`,
      [
        ...[pool['pool'], pool['project'] === 'morpho-blue' ? 'morpho-v1' : pool['project'], pool['chain']],
        ...[pool['symbol'], addresses[pool['pool'] as string], [pool['symbol']], tokens],
      ],
    );
  }
  await database.query(
    `insert into pool_history (dataset, pool_id, date, apy, tvl, change_seq)
     select dataset, pool_id, $1::date, 5, 1e8, nextval('change_seq') from pools where dataset = 'live'
     on conflict do nothing`,
    [addDays(world.day, -1)],
  );
}

async function forecast({ database }: Dependencies, date: string): Promise<void> {
  await database.query(
    `update pool_daily_metrics set forecasted_apy = 5, forecasted_tvl = 1e8, pool_group = 1
      where dataset = 'live' and date = $1 and prefilter_reason is null`,
    [date],
  );
}

function worldOf(
  day: string,
  more: Parameters<typeof makeWorld>[0]['transfers'] = [],
): World & { vault: string; poolId: string } {
  const plain = makeWorld({ day, days: 5 });
  const pool = plain.pools.find((each) => (each['underlyingTokens'] as string[])[0]?.toLowerCase() === usdc)!;
  const poolId = pool['pool'] as string;
  const vault = plain.addresses()[poolId]!;
  const world = makeWorld({ day, days: 5, transfers: [...usualTransfers(vault), ...more] });
  return Object.assign(world, { vault, poolId });
}

test('a day begins with what the chain says was done, whatever the day before had proposed', async (t) => {
  const { deps, day } = await walletDays(t);
  const before = worldOf(first);
  const runId = await day(before);
  const { rows: proposed } = await deps.database.query<{ moves: number }>(
    `select count(*)::int as moves from asset_allocations where run_id = $1 and operation <> 'HOLD'`,
    [runId],
  );
  assert.ok(proposed[0]!.moves > 0, 'something was proposed');

  // A person did none of it, and paid a hundred dollars out instead.
  const paid = transferOf(before.chain.head + 100, 'paid', [usdc, 'USDC'], [wallet, other], 100_000_000n);
  const after = worldOf(second, [paid]);
  const nextRun = await day(after);
  const { rows } = await deps.database.query<Record<string, string | null>>(
    `select case when pool_id is null then 'wallet' else 'pool' end as place, trim_scale(carried)::text as carried,
            trim_scale(flow)::text as flow, trim_scale(accrued)::text as accrued,
            trim_scale(unallocated_balance + allocated_balance)::text as amount
       from daily_balances where portfolio = 'onchain' and date = $1 order by pool_id nulls first`,
    [second],
  );
  const [was, is] = [before, after].map(({ chain }) => assetsOf(238_095_238_095n, chain.head));
  const dollars = (units: bigint): string => String(Number(units) / 1e6);
  assert.deepEqual(rows, [
    { place: 'wallet', carried: '750000.000001', flow: '-100', accrued: '0', amount: '749900.000001' },
    { place: 'pool', carried: dollars(was!), flow: '0', accrued: dollars(is! - was!), amount: dollars(is!) },
  ]);
  const { rows: units } = await deps.database.query<{ onchain: Record<string, unknown> }>(
    `select detail -> 'onchain' as onchain from units where run_id = $1 and unit = 'filter'`,
    [nextRun],
  );
  assert.deepEqual(
    [units[0]!.onchain['booksOf'], units[0]!.onchain['unreconciled'], units[0]!.onchain['unexplained']],
    [first, null, []],
  );
  const report = await loadDailyReport(deps.database, nextRun);
  const wallets = report.onchain!.places.find(({ poolId }) => poolId === null)!;
  assert.deepEqual([wallets.booked, wallets.moved, wallets.onChain], [750_000.000001, -100, 749_900.000001]);
  assert.ok(report.onchain!.places.every(({ proposed }) => proposed !== null));
  assert.match(renderDailyReport(report), /Held on 2026-11-20/);
});

test('a run without wallets is refused in one line, before anything is written', async (t) => {
  const deps = await testDependencies(t);
  deps.config.sources = { ...deps.config.sources, today: first, wallets: [] };
  const input = { dataset: 'live' as const, date: first, portfolio: 'onchain' as const };
  await assert.rejects(
    openRun(deps, {
      ...{ workflowId: 'w', workflowRunId: 'r', priority: 1, units: phasesOf(input) },
      ...{ kind: 'dailyPipeline', key: `daily/live/${first}`, date: first, input },
    }),
    /^InvalidInput: portfolio is "onchain", but the worker has no SEVENFOLD_WALLETS/,
  );
  assert.equal((await deps.database.query('select 1 from runs')).rowCount, 0);
});
