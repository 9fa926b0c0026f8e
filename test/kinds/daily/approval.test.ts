import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Dependencies } from '../../../src/activities/dependencies.ts';
import { beginPhase, verifyPhase } from '../../../src/activities/phases.ts';
import { decideProposal, proposeAllocation } from '../../../src/kinds/daily/approval.ts';
import { openRun } from '../../../src/kinds/daily/opening.ts';
import { phasesOf } from '../../../src/kinds/daily/phases.ts';
import { readApproval } from '../../../src/kinds/daily/proposal.ts';
import { explainRun } from '../../../src/ledger/why.ts';
import { findKind } from '../../../src/kinds/index.ts';
import { readRun } from '../../../src/ledger/runs.ts';
import type { Fence } from '../../../src/ledger/units.ts';
import { testDependencies } from '../../support/daily-run.ts';
import { receiver } from '../../support/slack-receiver.ts';

const day = '2026-11-20';
const wallets = ['0x00000000000000000000000000000000000000a1'];

async function proposing(
  t: TestContext,
  { today = day, webhook }: { today?: string; webhook?: string } = {},
): Promise<{ deps: Dependencies; runId: string; begin: () => Promise<Fence | undefined> }> {
  const deps = await testDependencies(t);
  deps.config.sources = { ...deps.config.sources, today: day, wallets };
  deps.config.slackWebhookUrl = webhook;
  const input = {
    ...{ dataset: 'live' as const, date: day },
    ...{ portfolio: 'onchain' as const, approval: true },
  };
  const { runId } = await openRun(deps, {
    ...{ workflowId: 'w', workflowRunId: 'r', priority: 1, units: phasesOf(input) },
    ...{ kind: 'dailyPipeline', key: `daily/live/${day}`, date: day, input },
  });
  deps.config.sources = { ...deps.config.sources, today };
  await move(deps, runId, '100');
  const begin = async (): Promise<Fence | undefined> => {
    const begun = await beginPhase(deps, { runId, phase: 'approval', force: false, again: false });
    return begun.reused ? undefined : begun.fence;
  };
  return { deps, runId, begin };
}

/** The run's one transaction besides what it holds. */
async function move({ database }: Dependencies, runId: string, amount: string): Promise<void> {
  await database.query('delete from asset_allocations where run_id = $1', [runId]);
  await database.query(
    `insert into asset_allocations (run_id, step_number, operation, from_location, to_location, from_asset, to_asset, amount,
                                    amount_received, amount_usd, pool_id, gas_cost_usd, conversion_cost_usd, total_cost_usd, gas_paid)
     values ($1, 1, 'HOLD', 'p', 'p', 'USDC', 'USDC', 1, 1, 1, 'p', 0, 0, 0, '{}'),
            ($1, 2, 'ALLOCATION', 'warm_wallet', 'p', 'USDC', 'USDC', $2, $2, $2, 'p', 0, 0, 0, '{}')`,
    [runId, amount],
  );
}

test('a proposal is put on record with its page and one line, and waits until its day is over', async (t) => {
  const { url, messages } = await receiver(t);
  const { deps, runId, begin } = await proposing(t, { webhook: url });
  const fence = (await begin())!;
  const { waitMs } = await proposeAllocation(deps, { fence });
  assert.ok(waitMs > 0 && waitMs <= 86_400_000, String(waitMs));
  await proposeAllocation(deps, { fence });
  assert.equal(messages.length, 1);
  assert.match(
    messages[0]!.text,
    /1 transaction waits for a decision until 24:00 UTC\. npx sevenfold approve daily\/live/,
  );
  const run = await readRun(deps.database, runId);
  assert.ok(existsSync(join(deps.config.stateFolder, run.report!)));
  const reasons = await explainRun(deps.database, run, {
    explain: async (...of) => (await findKind(run.kind)?.explain?.(...of)) ?? [],
  });
  const said = reasons.find(({ subject }) => subject === 'approval');
  assert.match(said!.text, /^1 transaction waits for a decision until \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/);
  assert.match(said!.advice!, /npx sevenfold approve .* reject/);
  assert.equal((await verifyPhase(deps, { runId, phase: 'approval' })).complete, false);
});

test('a decision stays: the same transactions are not asked about again, others are', async (t) => {
  const { deps, runId, begin } = await proposing(t);
  const fence = (await begin())!;
  await proposeAllocation(deps, { fence });
  const decision = { state: 'rejected' as const, by: 'ann', reason: 'too much in one pool' };
  await decideProposal(deps, { fence, decision });
  await decideProposal(deps, { fence, decision: { state: 'approved', by: 'bob' } });
  assert.equal((await verifyPhase(deps, { runId, phase: 'approval' })).complete, true);
  const kept = (await readApproval(deps.database, runId))!;
  assert.deepEqual([kept.state, kept.decidedBy, kept.reason], ['rejected', 'ann', 'too much in one pool']);
  assert.equal(await begin(), undefined);

  await move(deps, runId, '200');
  assert.equal(await readApproval(deps.database, runId), undefined);
  const again = (await begin())!;
  assert.ok((await proposeAllocation(deps, { fence: again })).waitMs > 0);
});

test('nobody is asked about a day that is over, or where nothing moves', async (t) => {
  const past = await proposing(t, { today: '2026-11-21' });
  const fence = (await past.begin())!;
  assert.equal((await proposeAllocation(past.deps, { fence })).waitMs, 0);
  await decideProposal(past.deps, { fence, decision: { state: 'expired' } });
  assert.equal((await readApproval(past.deps.database, past.runId))!.state, 'expired');

  const still = await proposing(t);
  await still.deps.database.query(`delete from asset_allocations where operation <> 'HOLD'`);
  const idle = (await still.begin())!;
  assert.equal((await proposeAllocation(still.deps, { fence: idle })).waitMs, 0);
  await decideProposal(still.deps, { fence: idle, decision: { state: 'expired' } });
  assert.equal((await readApproval(still.deps.database, still.runId))!.state, 'empty');
});
