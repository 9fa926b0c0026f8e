import { kindOf } from '../kinds/index.ts';
import { tallyUnits } from '../ledger/chunks.ts';
import * as ledger from '../ledger/runs.ts';
import type { Claimant, RunStatus } from '../ledger/runs.ts';
import { giveVerdict, readUnits } from '../ledger/units.ts';
import type { Dependencies } from './dependencies.ts';

/** Notes that an open run is paused or goes on. Safe to repeat. */
export async function setRunStatus(
  { database }: Dependencies,
  input: Claimant & { runId: string; status: RunStatus; statement?: string },
): Promise<void> {
  const { status, statement } = input;
  await ledger.setRunStatus(database, input, { status, ...(statement !== undefined && { statement }) });
}

/** Gives an open run another budget. Safe to repeat. */
export async function setBudget(
  { database }: Dependencies,
  input: { runId: string; budgetUsd: number },
): Promise<void> {
  await database.query(`update runs set budget_usd = $2 where run_id = $1`, [input.runId, input.budgetUsd]);
}

export interface RunSummary {
  runId: string;
  key: string;
  status: RunStatus;
  /** What the run ended with, in one line. */
  statement: string;
  counts: Record<string, number>;
  /** Path of the page, relative to the state folder. */
  report?: string;
}

/**
 * Ends a run with its statement, written from the ledger. Safe to repeat: it writes the same again, and only as long as
 * the caller still holds the claim.
 */
export async function closeRun(
  { database }: Pick<Dependencies, 'database'>,
  input: Claimant & { runId: string; status: 'complete' | 'partial' | 'failed' | 'cancelled' },
): Promise<RunSummary> {
  const run = await ledger.readRun(database, input.runId);
  const kind = kindOf(run);
  const phases = await readUnits(database, input.runId);
  const counts = await kind.counts(database, run);
  for (const unit of phases.filter(
    (each) => input.status !== 'complete' && each.startedAt && !each.finishedAt,
  )) {
    await giveVerdict(database, run.runId, unit.unit, {
      verdict: 'missing',
      reason: `${input.status} while it ran`,
    });
  }
  const tallies = await tallyUnits(database, input.runId);
  const nothingMade = !tallies.some(({ complete }) => complete > 0);
  // Partial is a run that has something to show, and complete one that made what it was asked for: where no unit could be
  // done, nobody wants to hear that all is well.
  const nothingDue = input.status === 'complete' && kind.mustMakeUnits === true;
  const empty =
    nothingMade &&
    (input.status === 'partial' || (nothingDue && !(await anySkippedByHand(database, run.runId))));
  const status = empty ? 'failed' : input.status;
  const statement = await kind.statement(database, run, { status, phases, tallies, counts });
  await ledger.setRunStatus(database, input, { status, statement });
  return {
    runId: run.runId,
    key: run.key,
    status,
    statement,
    counts,
    ...(run.report !== null && { report: run.report }),
  };
}

/** Who skips dates means to have none. */
async function anySkippedByHand(database: Dependencies['database'], runId: string): Promise<boolean> {
  const { rows } = await database.query<{ any: boolean }>(
    `select exists (select from units where run_id = $1 and verdict = 'skipped'
                       and coalesce((detail ->> 'byHand')::boolean, false)) as any`,
    [runId],
  );
  return rows[0]!.any;
}
