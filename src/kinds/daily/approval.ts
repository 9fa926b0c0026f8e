/** An allocation as a proposal: put to a person, and what became of it. */
import type { Dependencies } from '../../activities/dependencies.ts';
import { writePage } from '../../activities/report.ts';
import { inTransaction } from '../../database/pool.ts';
import { readRun } from '../../ledger/runs.ts';
import type { Run } from '../../ledger/runs.ts';
import { passFence } from '../../ledger/units.ts';
import type { Fence } from '../../ledger/units.ts';
import { sendAlert } from '../../notifications/webhook.ts';
import { todayOf } from '../../sources/settings.ts';
import type { Decision } from './approval-input.ts';
import { proposalOf } from './proposal.ts';

const dayMs = 86_400_000;

export interface Proposed {
  /** How long a decision is waited for; 0 where none is needed any more. */
  waitMs: number;
}

/**
 * Puts the day's transactions on record as a proposal, writes the page that shows them and sends one line. A proposal lives as
 * long as its day: tomorrow begins with what the chain says. Safe to repeat: the same transactions are one proposal, and
 * the line is sent once.
 */
export async function proposeAllocation(deps: Dependencies, { fence }: { fence: Fence }): Promise<Proposed> {
  const { database, config } = deps;
  const run = await readRun(database, fence.runId);
  const left = run.date === todayOf(config.sources) ? dayMs - (Date.now() % dayMs) : 0;
  const { rows } = await database.query<{ state: string; transactions: number; waitMs: number }>(
    `insert into approvals as known (run_id, proposal, state, transactions, expires_at, decided_at)
     select $1, ${proposalOf}, case when found.transactions = 0 then 'empty' else 'waiting' end, found.transactions,
            now() + make_interval(secs => $2::float8 / 1000), case when found.transactions = 0 then now() end
       from (select count(*)::int as transactions from asset_allocations
              where run_id = $1 and operation <> 'HOLD') as found
     on conflict (run_id, proposal) do update set expires_at = known.expires_at
     returning state, transactions,
               greatest(0, ceil(extract(epoch from expires_at - clock_timestamp()) * 1000))::float8 as "waitMs"`,
    [fence.runId, left],
  );
  const { state, transactions, waitMs } = rows[0]!;
  if (state !== 'waiting') return { waitMs: 0 };
  await writePage(deps, run, `proposal.${fence.attempt}`);
  if (waitMs > 0) await sendLine(deps, run, transactions);
  return { waitMs };
}

async function sendLine(
  { database, config, log }: Dependencies,
  run: Run,
  transactions: number,
): Promise<void> {
  const { slackWebhookUrl } = config;
  if (slackWebhookUrl === undefined) return;
  const { rowCount } = await database.query(
    `update approvals set notified_at = now() where run_id = $1 and proposal = ${proposalOf} and notified_at is null`,
    [run.runId],
  );
  if (rowCount === 0) return;
  const line = `${run.key}: ${transactions} ${transactions === 1 ? 'transaction waits' : 'transactions wait'} for a decision until 24:00 UTC. npx sevenfold approve ${run.key} · npx sevenfold reject ${run.key} --reason "…"`;
  const delivery = await sendAlert(slackWebhookUrl, line, { dataset: run.dataset });
  if (delivery.problem !== undefined) log.error({ key: run.key }, delivery.problem);
  if (delivery.sent) return;
  await database.query(
    `update approvals set notified_at = null where run_id = $1 and proposal = ${proposalOf}`,
    [run.runId],
  );
}

/** Puts on record what became of the proposal; one that was decided stays as it is. Safe to repeat. */
export async function decideProposal(
  { database }: Dependencies,
  { fence, decision }: { fence: Fence; decision: Decision },
): Promise<void> {
  const by = decision.state === 'expired' ? null : decision.by;
  const reason = decision.state === 'rejected' ? decision.reason : null;
  await inTransaction(database, async (client) => {
    await client.query(
      `update approvals set state = $2, decided_at = now(), decided_by = $3, reason = $4
        where run_id = $1 and proposal = ${proposalOf} and state = 'waiting'`,
      [fence.runId, decision.state, by, reason],
    );
    await passFence(client, fence, { rowsDue: 1 });
  });
}
