import { Failure } from '../failures.ts';
import type { Database } from '../database/pool.ts';

export type RunStatus = 'running' | 'paused' | 'complete' | 'partial' | 'failed' | 'cancelled';

/** A row of `runs`: one business key, whoever starts it and however often. */
export interface Run {
  runId: string;
  key: string;
  kind: string;
  dataset: string;
  date: string | null;
  status: RunStatus;
  attempt: number;
  workflowId: string;
  workflowRunId: string;
  priority: number;
  input: Record<string, unknown>;
  /** What the input comes to with every default filled in; null where there is nothing to fill in. */
  request: Record<string, unknown> | null;
  /** Where its batches go: an engine, or `queue`. */
  engine: string | null;
  /** US dollars; null means no limit. */
  budgetUsd: number | null;
  statement: string | null;
  report: string | null;
  openedAt: Date;
  claimedAt: Date;
  finishedAt: Date | null;
}

export interface Claimant {
  workflowId: string;
  /** Temporal's first run id: it stays the same through continue-as-new. */
  workflowRunId: string;
}

export interface Claim extends Claimant {
  key: string;
  kind: string;
  dataset: string;
  date: string | null;
  priority: number;
  input: Record<string, unknown>;
  request?: object;
  engine: string;
}

const columns = `run_id as "runId", key, kind, dataset, date, status, attempt, workflow_id as "workflowId",
  workflow_run_id as "workflowRunId", priority, input, request, engine,
  budget_usd::double precision as "budgetUsd", statement, report, opened_at as "openedAt",
  claimed_at as "claimedAt", finished_at as "finishedAt"`;

/**
 * Makes the caller the owner of a business key. A key that is held is taken over only when Temporal no longer knows the
 * holder as open (it ended, or was terminated, or is forgotten); otherwise `AlreadyRunning` names the holder.
 * Safe to repeat: the owner claims what it already owns.
 */
export async function claimRun(
  database: Database,
  claim: Claim,
  isOpen: (holder: Claimant) => Promise<boolean>,
): Promise<Run> {
  for (;;) {
    const inserted = await database.query<Run>(
      `insert into runs (key, kind, dataset, date, workflow_id, workflow_run_id, priority, input, request, engine,
                         budget_usd)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       on conflict (key) do nothing
       returning ${columns}`,
      [
        claim.key,
        claim.kind,
        claim.dataset,
        claim.date,
        claim.workflowId,
        claim.workflowRunId,
        claim.priority,
        claim.input,
        claim.request ?? null,
        claim.engine,
        claim.input['budgetUsd'] ?? null,
      ],
    );
    if (inserted.rows[0]) return inserted.rows[0];

    const holder = await findRun(database, claim.key);
    if (!holder) continue; // removed between the two statements
    if (holder.workflowId === claim.workflowId && holder.workflowRunId === claim.workflowRunId) return holder;
    if (isOpenStatus(holder.status) && (await isOpen(holder))) {
      throw new Failure(
        'AlreadyRunning',
        `${claim.key} is already running as workflow ${holder.workflowId}. Watch it: sevenfold watch ${claim.key}`,
      );
    }
    // Compare and swap on the holder that was judged, so that of two successors one wins.
    const taken = await database.query<Run>(
      `update runs
          set attempt = attempt + 1, status = 'running', workflow_id = $3, workflow_run_id = $4, priority = $5,
              input = $6, request = $7, engine = $8, budget_usd = $9, statement = null, claimed_at = now(), finished_at = null
        where key = $1 and workflow_run_id = $2
        returning ${columns}`,
      [
        claim.key,
        holder.workflowRunId,
        claim.workflowId,
        claim.workflowRunId,
        claim.priority,
        claim.input,
        claim.request ?? null,
        claim.engine,
        claim.input['budgetUsd'] ?? null,
      ],
    );
    if (taken.rows[0]) return taken.rows[0];
  }
}

export function isOpenStatus(status: RunStatus): boolean {
  return status === 'running' || status === 'paused';
}

/** Whose books a run keeps. */
export function portfolioOf(run: Pick<Run, 'input'>): string {
  return typeof run.input['portfolio'] === 'string' ? run.input['portfolio'] : 'paper';
}

export async function findRun(database: Database, key: string): Promise<Run | undefined> {
  const found = await database.query<Run>(`select ${columns} from runs where key = $1`, [key]);
  return found.rows[0];
}

export async function readRun(database: Database, runId: string): Promise<Run> {
  const found = await database.query<Run>(`select ${columns} from runs where run_id = $1`, [runId]);
  const run = found.rows[0];
  if (!run) throw new Failure('InvalidInput', `The ledger has no run ${runId}.`);
  return run;
}

/** The newest runs first. */
export async function listRuns(database: Database, limit: number): Promise<Run[]> {
  const found = await database.query<Run>(`select ${columns} from runs order by claimed_at desc limit $1`, [
    limit,
  ]);
  return found.rows;
}

/**
 * Only the holder changes its run; a run that was taken over is left to its new owner. Why it was paused is forgotten
 * when it goes on.
 */
export async function setRunStatus(
  database: Database,
  owner: Claimant & { runId: string },
  change: { status: RunStatus; statement?: string; report?: string },
): Promise<void> {
  const updated = await database.query(
    `update runs
        set status = $4, statement = coalesce($5, case when $4 <> 'running' then statement end), report = coalesce($6, report),
            finished_at = case when $4 in ('running', 'paused') then null else now() end
      where run_id = $1 and workflow_id = $2 and workflow_run_id = $3`,
    [
      owner.runId,
      owner.workflowId,
      owner.workflowRunId,
      change.status,
      change.statement ?? null,
      change.report ?? null,
    ],
  );
  if (updated.rowCount === 0) {
    throw new Failure('Fenced', `Run ${owner.runId} was taken over by another workflow; this one stops.`);
  }
}
