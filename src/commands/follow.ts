import { setTimeout as sleep } from 'node:timers/promises';
import { classify, Failure, isRetryable } from '../failures.ts';
import { findKind } from '../kinds/index.ts';
import type { Fanned } from '../kinds/kind.ts';
import { readBatches } from '../ledger/batches.ts';
import type { Batch } from '../ledger/batches.ts';
import { tallyUnits } from '../ledger/chunks.ts';
import type { UnitTally } from '../ledger/chunks.ts';
import { isOpenStatus, readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import { readUnits } from '../ledger/units.ts';
import type { Unit } from '../ledger/units.ts';
import { count, seconds } from './output.ts';
import type { Output } from './output.ts';
import type { Session } from './session.ts';

const pollMs = 300;
/** How often a command that waits makes sure that somebody looks after the stack. */
const reviveMs = 2_000;

export interface Picture {
  run: Run;
  units: Unit[];
  batches: Batch[];
  /** Counts for phases that are done in chunks; empty for other runs. */
  tallies: UnitTally[];
}

export async function takePicture(session: Session, runId: string): Promise<Picture> {
  const { database } = session;
  const [run, units, batches] = await Promise.all([
    readRun(database, runId),
    readUnits(database, runId),
    readBatches(database, runId),
  ]);
  const tallies = run.request === null ? [] : await tallyUnits(database, runId);
  return { run, units, batches, tallies };
}

/**
 * Shows a run until `until` says that it has ended, from the ledger alone. A database that goes away is waited for; a
 * dead supervisor is revived.
 */
export async function follow(
  session: Session,
  out: Output | undefined,
  find: () => Promise<Run | undefined>,
  until: (run: Run | undefined) => boolean,
  /** Asked now and then, for state that the ledger lacks; each throws to stop watching. */
  ask: { open?: (run: Run) => Promise<void>; unclaimed?: (waitedMs: number) => Promise<void> } = {},
): Promise<Run | undefined> {
  const shownStates = new Map<string, string>();
  const began = performance.now();
  let looked = began;
  for (;;) {
    let run: Run | undefined;
    try {
      run = await find();
      if (run && out) show(out, await takePicture(session, run.runId), shownStates);
      if (until(run)) {
        out?.settle();
        return run;
      }
      if (performance.now() - looked > reviveMs) {
        if (run === undefined) await ask.unclaimed?.(performance.now() - began);
        else if (isOpenStatus(run.status)) await ask.open?.(run);
      }
    } catch (error) {
      if (!isRetryable(classify(error).type)) throw error;
    }
    if (performance.now() - looked > reviveMs) {
      await session.revive().catch((error: unknown) => {
        // What could not be revived now is tried again at the next look.
        if (error instanceof Failure && error.type === 'Cancelled') throw error;
      });
      looked = performance.now();
    }
    await sleep(pollMs);
  }
}

function show(out: Output, picture: Picture, shownStates: Map<string, string>): void {
  const lines = picture.units.map((unit) => phaseLine(unit, picture));
  if (out.isTerminal) {
    out.live(isOpenStatus(picture.run.status) ? lines : []);
    if (isOpenStatus(picture.run.status)) return;
  }
  // In a pipe a phase gets a line when it starts and one when it has its verdict; in a terminal they stay at the end.
  for (const [index, unit] of picture.units.entries()) {
    const state = stateOf(unit);
    const line = lines[index];
    const news = out.isTerminal ? 'final' : state;
    if (state === 'waiting' || line === undefined || shownStates.get(unit.unit) === news) continue;
    shownStates.set(unit.unit, news);
    out.line(line);
  }
}

function stateOf(unit: Unit): 'waiting' | 'running' | 'complete' | 'failed' {
  if (unit.verdict === 'complete') return 'complete';
  if (unit.verdict === 'failed' || unit.verdict === 'partial') return 'failed';
  return unit.startedAt !== null && unit.finishedAt === null ? 'running' : 'waiting';
}

const marks = { waiting: '·', running: '▸', complete: '✓', failed: '✗' } as const;

function phaseLine(unit: Unit, { run, batches, tallies }: Picture): string {
  const state = stateOf(unit);
  const fanned = findKind(run.kind)?.phase(unit.unit)?.fanned;
  const batch = batches.findLast((each) => each.unit === unit.unit);
  const took =
    unit.startedAt && state !== 'waiting' ? seconds(unit.startedAt, unit.finishedAt ?? new Date()) : '';
  const note =
    state === 'running' && fanned !== undefined
      ? [took, fannedText(fanned, tallies, batches)].filter(Boolean).join(' · ')
      : noteOf(unit, state, batch, took);
  return `  ${marks[state]} ${unit.unit.padEnd(10)} ${note}`.trimEnd();
}

function noteOf(
  unit: Unit,
  state: ReturnType<typeof stateOf>,
  batch: Batch | undefined,
  took: string,
): string {
  const attempts = unit.attempt > 1 ? ` · attempt ${unit.attempt}` : '';
  switch (state) {
    case 'complete': {
      const rows = unit.rowsDue ? `${count(unit.rowsFound ?? 0)} of ${count(unit.rowsDue)} rows` : '';
      const how = unit.detail['reused'] === true ? 'there already' : took;
      return [rows, how].filter(Boolean).join(' · ') + (unit.detail['reused'] === true ? '' : attempts);
    }
    case 'failed':
      return unit.reason ?? 'failed';
    case 'running': {
      const progress =
        batch?.progress && batch.state === 'RUNNING'
          ? progressText(batch.progress)
          : batch?.state.toLowerCase();
      // Why it is not sent yet, where that was tried.
      const trouble = batch?.state === 'SUBMITTING' ? batch.stateMessage : null;
      return [took, progress, trouble].filter(Boolean).join(' · ') + attempts;
    }
    case 'waiting':
      return '';
  }
}

/** "1,440 of 2,872 dates · 1 batch running, 1 waiting". */
function fannedText(
  { unitKind, unitsName }: Fanned,
  tallies: readonly UnitTally[],
  batches: readonly Batch[],
): string {
  const of = tallies.filter(({ kind }) => kind === unitKind);
  const sum = (field: 'units' | 'committed' | 'skipped' | 'failed' | 'quarantined'): number =>
    of.reduce((total, tally) => total + tally[field], 0);
  const open = batches.filter(({ finishedAt }) => finishedAt === null);
  const running = open.filter(({ state }) => state === 'RUNNING').length;
  return [
    `${count(sum('committed'))} of ${count(sum('units') - sum('skipped'))} ${unitsName}`,
    ...(sum('failed') > 0 ? [`${count(sum('failed'))} failed`] : []),
    ...(sum('quarantined') > 0 ? [`${count(sum('quarantined'))} quarantined`] : []),
    ...(open.length > 0 ? [`${running} running, ${open.length - running} waiting`] : []),
  ].join(' · ');
}

function progressText({ done, total, note }: { done: number; total: number; note: string }): string {
  return total > 0 ? `${note} ${count(done)}/${count(total)}` : note;
}
