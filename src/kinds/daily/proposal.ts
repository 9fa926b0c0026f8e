/** What a run proposes, and what became of it. Only reads. */
import type { Database } from '../../database/pool.ts';
import type { Reason } from '../../ledger/reason.ts';
import type { Run } from '../../ledger/runs.ts';
import type { Decision } from './approval-input.ts';

/** The transactions of a run as one digest ($1); what is held and not moved is no transaction. */
export const proposalOf = `(
  select coalesce(md5(string_agg(md5((step_number, operation, pool_id, from_asset, to_asset, amount)::text), ''
                                 order by step_number)), 'none')
    from asset_allocations where run_id = $1 and operation <> 'HOLD')`;

/** What became of a run's newest transactions. */
export interface Approval {
  state: 'waiting' | Decision['state'] | 'empty';
  transactions: number;
  proposedAt: Date;
  expiresAt: Date;
  decidedAt: Date | null;
  decidedBy: string | null;
  reason: string | null;
}

/** Undefined where nobody is asked, or not yet. */
export async function readApproval(
  database: Pick<Database, 'query'>,
  runId: string,
): Promise<Approval | undefined> {
  const { rows } = await database.query<Approval>(
    `select state, transactions, proposed_at as "proposedAt", expires_at as "expiresAt", decided_at as "decidedAt",
            decided_by as "decidedBy", reason
       from approvals where run_id = $1 and proposal = ${proposalOf}`,
    [runId],
  );
  return rows[0];
}

/** In a few words; `undefined` where there is nothing to say. */
export function approvalInWords(approval: Approval | undefined): string | undefined {
  if (approval === undefined) return undefined;
  const by = approval.decidedBy === null ? '' : ` by ${approval.decidedBy}`;
  switch (approval.state) {
    case 'waiting':
      return 'the proposal waits for a decision';
    case 'approved':
      return `the proposal was approved${by}`;
    case 'rejected':
      return `the proposal was rejected${by}: ${approval.reason}`;
    case 'expired':
      return 'nobody decided about the proposal before its day was over';
    case 'empty':
      return 'nothing was proposed';
  }
}

/** For `why`: what a run waits for. */
export async function explainApproval(database: Database, { runId, key }: Run): Promise<Reason[]> {
  const approval = await readApproval(database, runId);
  if (approval?.state === 'rejected') return [{ subject: 'approval', text: approvalInWords(approval)! }];
  if (approval?.state !== 'waiting') return [];
  const until = `${approval.expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return [
    {
      subject: 'approval',
      text: `${approval.transactions === 1 ? '1 transaction waits' : `${approval.transactions} transactions wait`} for a decision until ${until}.`,
      advice: `npx sevenfold approve ${key} · npx sevenfold reject ${key} --reason "…"`,
    },
  ];
}
