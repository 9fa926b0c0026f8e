/**
 * Where a run stands between its steps, and everything that moves it: pause, resume, retry, budget, failure. Pure, so that
 * each transition is tested without Temporal; run-control.ts has the handlers and the loop that call it.
 */
import type { FailureType } from '../failures.ts';
import { maximumTries, waitMs } from '../planning/retry.ts';

/** What the query `progress` answers. */
export interface Progress {
  date: string;
  paused: boolean;
  /** Why it paused, if it did so by itself. */
  reason?: string;
  phases: { phase: string; state: 'waiting' | 'running' | 'complete' | 'failed' }[];
}

export interface RunState extends Progress {
  /** A person asked for what failed to be tried again, and it has not been yet. */
  retryAsked: boolean;
  /** All steps are done; the run is closing. */
  closing: boolean;
  /** A step failed that later steps do not need. */
  partial: boolean;
  /** How often the steps were gone through; the first pass is 1. */
  pass: number;
}

export function beginRun(date: string, units: readonly string[], paused: boolean): RunState {
  const phases = units.map((phase) => ({ phase, state: 'waiting' as const }));
  return { date, paused, phases, retryAsked: false, closing: false, partial: false, pass: 0 };
}

export function progressOf({ date, paused, reason, phases }: RunState): Progress {
  return { date, paused, ...(reason !== undefined && { reason }), phases };
}

/** Why an update is refused now, in one line; undefined if it is accepted. */
export const refusals = {
  pause: (state: RunState) => (state.paused ? 'The run is paused already.' : undefined),
  resume: (state: RunState) => (state.paused ? undefined : 'The run is not paused.'),
  retryFailed: (state: RunState) => {
    if (state.closing) return 'The run is ending. When it has ended: sevenfold retry.';
    return failedPhase(state) === undefined ? 'Nothing has failed, so there is nothing to retry.' : undefined;
  },
  setBudget: (budgetUsd: unknown) =>
    typeof budgetUsd === 'number' && budgetUsd > 0 && budgetUsd <= 1e6
      ? undefined
      : 'The budget must be US dollars above 0, at most 1000000.',
};

export function pause(state: RunState): string {
  state.paused = true;
  return `${state.date} pauses before its next phase.`;
}

export function resume(state: RunState): string {
  state.paused = false;
  delete state.reason;
  return `${state.date} goes on.`;
}

/** The run cannot afford its next batch: it waits for a person, who raises the budget or lets it go on as it is. */
export function pauseAtBudget(state: RunState, statement: string): void {
  state.paused = true;
  state.reason = statement;
}

export function askRetry(state: RunState): string {
  state.retryAsked = true;
  const busy = state.phases.find((phase) => phase.state === 'running')?.phase;
  const failed = `Phase ${failedPhase(state)} is tried again`;
  return busy === undefined ? `${failed}.` : `${failed} after ${busy}.`;
}

function failedPhase({ phases }: RunState): string | undefined {
  return phases.find(({ state }) => state === 'failed')?.phase;
}

/**
 * Begins a pass over the steps; false if none is due. A further pass looks at what is whole, and does what failed and
 * what was made from that: it comes only where a person asked for it.
 */
export function beginPass(state: RunState): boolean {
  if (state.pass > 0 && !(state.partial && state.retryAsked)) {
    close(state);
    return false;
  }
  state.pass += 1;
  state.retryAsked = false;
  state.partial = false;
  return true;
}

/** From now on nothing can be asked of the run any more: it would be accepted and lost. */
export function close(state: RunState): void {
  state.closing = true;
}

/** What becomes of a step that failed for the `tries`th time in a row. */
export type AfterFailure =
  /** It may pass by itself: wait, then try again. */
  | { then: 'again'; waitMs: number }
  /** Later steps do not need it: the run ends `partial`. */
  | { then: 'on' }
  /** Later steps need it: the run ends, or waits for a person if it is paused. */
  | { then: 'end' };

export function afterFailure(
  state: RunState,
  step: { index: number; continueOnFailure?: boolean },
  failure: { type: FailureType },
  tries: number,
): AfterFailure {
  if (tries < maximumTries(failure.type)) return { then: 'again', waitMs: waitMs(failure.type, tries) };
  setPhase(state, step.index, 'failed');
  if (step.continueOnFailure !== true) return { then: 'end' };
  state.partial = true;
  return { then: 'on' };
}

/** A failed step of a paused run waits for a person, unless a retry was asked for while the failure was recorded. */
export function waitsForPerson({ paused, retryAsked }: RunState): boolean {
  return paused && !retryAsked;
}

/** Whether the failed step is tried again; clears the request. */
export function takeRetry(state: RunState): boolean {
  const wanted = state.retryAsked;
  state.retryAsked = false;
  return wanted;
}

export function setPhase(state: RunState, index: number, to: Progress['phases'][number]['state']): void {
  state.phases[index]!.state = to;
}

/** How a run ends, once all steps are done. */
export function endOf({ partial }: RunState): 'partial' | 'complete' {
  return partial ? 'partial' : 'complete';
}
