import type { Dependencies } from './dependencies.ts';
import { storeChecks } from '../ledger/checks.ts';
import { cvFingerprint } from '../ledger/cv-fingerprints.ts';
import { fingerprint } from '../ledger/fingerprints.ts';
import { priceFingerprint } from '../ledger/price-fingerprints.ts';
import { readRun } from '../ledger/runs.ts';
import { settingsOfRun } from '../ledger/settings-snapshot.ts';
import type { Run } from '../ledger/runs.ts';
import { beginAttempt, giveVerdict, readUnit } from '../ledger/units.ts';
import type { Fence } from '../ledger/units.ts';
import * as verification from '../ledger/verification.ts';
import { isFanned } from '../planning/phases.ts';
import type { PoolUnit, RunUnit } from '../planning/phases.ts';
import { loadPoolSettings } from '../pools/settings.ts';

export interface BeginPhaseInput {
  runId: string;
  phase: RunUnit;
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
  const today = await fingerprintOf(deps, run, input.phase);
  const unit = await readUnit(database, input.runId, input.phase);
  // What is done in chunks carries its fingerprints row by row: only the rows are asked.
  const sameAsCommitted = !input.force && (isFanned(input.phase) || unit.committedFingerprint === today);
  const fence =
    input.again || !sameAsCommitted ? await beginAttempt(database, run.runId, input.phase, today) : undefined;
  if (sameAsCommitted) {
    const seen = await verification.verifyPhase(database, deps.config.stateFolder, run, input.phase);
    if (seen.blocking.length === 0) {
      await settle(deps, run, input.phase, seen, { reused: !input.again });
      return { reused: true };
    }
  }
  return { reused: false, fence: fence ?? (await beginAttempt(database, run.runId, input.phase, today)) };
}

async function fingerprintOf(deps: Dependencies, run: Run, phase: RunUnit): Promise<string> {
  if (run.kind === 'crossValidation') return cvFingerprint(deps.database, run, phase);
  if (!isPoolRun(run)) return priceFingerprint(deps.database, run, phase);
  return fingerprint(deps.database, phase as PoolUnit, {
    run,
    // Only phase prepare looks at the files: it is what takes them for the run.
    settings:
      phase === 'prepare' ? loadPoolSettings(deps.config.checkout) : await settingsOfRun(deps, run.runId),
    path: run.input['path'] as string | undefined,
    parity: run.input['parity'] === true,
  });
}

function isPoolRun({ kind }: Run): boolean {
  return kind === 'dailyPipeline' || kind === 'evaluatePools';
}

export interface VerifiedPhase {
  complete: boolean;
  /** Why not, in one line. */
  reason: string;
}

/** Gives the phase its verdict from its rows, and from nothing else. Safe to repeat: it only looks and notes. */
export async function verifyPhase(
  deps: Dependencies,
  input: { runId: string; phase: RunUnit },
): Promise<VerifiedPhase> {
  const run = await readRun(deps.database, input.runId);
  const seen = await verification.verifyPhase(deps.database, deps.config.stateFolder, run, input.phase);
  await settle(deps, run, input.phase, seen, { reused: false });
  return { complete: seen.blocking.length === 0, reason: seen.blocking.join('; ') };
}

async function settle(
  { database }: Dependencies,
  run: Run,
  phase: RunUnit,
  seen: verification.Verification,
  detail: { reused: boolean },
): Promise<void> {
  await storeChecks(database, run.runId, phase, seen.checks);
  const whole = seen.blocking.length === 0;
  await giveVerdict(database, run.runId, phase, {
    verdict: whole ? 'complete' : isFanned(phase) && seen.rowsFound > 0 ? 'partial' : 'failed',
    rowsDue: seen.rowsDue,
    rowsFound: seen.rowsFound,
    detail,
    ...(!whole && { reason: seen.blocking.join('; ') }),
  });
}

/** Notes why a phase could not be done. Safe to repeat. */
export async function failPhase(
  { database }: Dependencies,
  input: { runId: string; phase: RunUnit; reason: string },
): Promise<void> {
  await giveVerdict(database, input.runId, input.phase, { verdict: 'failed', reason: input.reason });
}
