import { phaseOf } from '../kinds/index.ts';
import { storeChecks, judged } from '../ledger/checks.ts';
import type { Verification } from '../ledger/checks.ts';
import { readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import { beginAttempt, giveVerdict, readUnit } from '../ledger/units.ts';
import type { Fence } from '../ledger/units.ts';
import type { Dependencies } from './dependencies.ts';

export interface BeginPhaseInput {
  runId: string;
  phase: string;
  /** Redo it whatever is there. */
  force: boolean;
  /** A further try after a failed one: it counts as an attempt even when the rows turn out to be there. */
  again: boolean;
}

/** Either the phase is whole for what it would read today, or a new attempt is open. */
export type BegunPhase = { reused: true } | { reused: false; fence: Fence };

/**
 * Looks at what exists before anything is done. Safe to repeat: a second call opens one more attempt, and only the
 * newest can commit.
 */
export async function beginPhase(deps: Dependencies, input: BeginPhaseInput): Promise<BegunPhase> {
  const { database } = deps;
  const run = await readRun(database, input.runId);
  const phase = phaseOf(run, input.phase);
  const today = await phase.reads(deps, run);
  const unit = await readUnit(database, input.runId, input.phase);
  // What is done in chunks carries its fingerprints row by row: only the rows are asked.
  const sameAsCommitted = !input.force && (phase.fanned !== undefined || unit.committedFingerprint === today);
  const fence =
    input.again || !sameAsCommitted ? await beginAttempt(database, run.runId, input.phase, today) : undefined;
  if (sameAsCommitted) {
    const seen = judged(await phase.whole(deps, run));
    if (seen.blocking.length === 0) {
      await settle(deps, run, input.phase, seen, { reused: !input.again });
      return { reused: true };
    }
  }
  return { reused: false, fence: fence ?? (await beginAttempt(database, run.runId, input.phase, today)) };
}

export interface VerifiedPhase {
  complete: boolean;
  /** Why not, in one line. */
  reason: string;
}

/** Gives the phase its verdict from its rows, and from nothing else. Safe to repeat: it only looks and notes. */
export async function verifyPhase(
  deps: Dependencies,
  input: { runId: string; phase: string },
): Promise<VerifiedPhase> {
  const run = await readRun(deps.database, input.runId);
  const seen = judged(await phaseOf(run, input.phase).whole(deps, run));
  await settle(deps, run, input.phase, seen, { reused: false });
  return { complete: seen.blocking.length === 0, reason: seen.blocking.join('; ') };
}

async function settle(
  { database }: Dependencies,
  run: Run,
  phase: string,
  seen: Verification,
  detail: { reused: boolean },
): Promise<void> {
  await storeChecks(database, run.runId, phase, seen.checks);
  const whole = seen.blocking.length === 0;
  await giveVerdict(database, run.runId, phase, {
    verdict: whole
      ? 'complete'
      : phaseOf(run, phase).fanned !== undefined && seen.rowsFound > 0
        ? 'partial'
        : 'failed',
    rowsDue: seen.rowsDue,
    rowsFound: seen.rowsFound,
    detail,
    ...(!whole && { reason: seen.blocking.join('; ') }),
  });
}

/** Notes why a phase could not be done. Safe to repeat. */
export async function failPhase(
  { database }: Dependencies,
  input: { runId: string; phase: string; reason: string },
): Promise<void> {
  await giveVerdict(database, input.runId, input.phase, { verdict: 'failed', reason: input.reason });
}
