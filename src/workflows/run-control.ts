import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunBatchInput } from '../activities/run-batch.ts';
import type { RunSummary } from '../activities/runs.ts';
import type { FailureType } from '../failures.ts';
import type { Fence } from '../ledger/units.ts';
import { addDays } from '../planning/days.ts';
import type { SearchAttribute } from '../search-attributes.ts';
import { failureOf } from './failures.ts';
import { engineActivities, lightActivityOptions } from './options.ts';
import {
  afterFailure,
  askRetry,
  beginPass,
  beginRun,
  close,
  endOf,
  pause,
  pauseAtBudget,
  progressOf,
  refusals,
  resume,
  setPhase,
  takeRetry,
  waitsForPerson,
} from './run-state.ts';
import type { Progress } from './run-state.ts';
import { sendBatch } from './send-batch.ts';
import type { Sender } from './send-batch.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

const usualTimeoutMs = 60 * 60_000;

/** What a run can be found by in Temporal (src/search-attributes.ts); `failed` counts units. */
const attributes = {
  kind: defineSearchAttributeKey('SevenfoldKind' satisfies SearchAttribute, SearchAttributeType.KEYWORD),
  date: defineSearchAttributeKey('SevenfoldDate' satisfies SearchAttribute, SearchAttributeType.KEYWORD),
  engine: defineSearchAttributeKey('SevenfoldEngine' satisfies SearchAttribute, SearchAttributeType.KEYWORD),
  failed: defineSearchAttributeKey('SevenfoldFailed' satisfies SearchAttribute, SearchAttributeType.INT),
  nominalTime: defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME),
};

export type { Progress } from './run-state.ts';

export const progressQuery = defineQuery<Progress>('progress');
export const pauseUpdate = defineUpdate<string>('pause');
export const resumeUpdate = defineUpdate<string>('resume');
/** US dollars that the run may cost from now on. */
export const setBudgetUpdate = defineUpdate<string, [number]>('setBudget');
export const retryFailedUpdate = defineUpdate<string>('retryFailed');

/** One piece of a run: a phase, or a stretch of days. */
export interface Step {
  unit: string;
  force: boolean;
  /** What is done once it is known to be needed. */
  work: (fence: Fence, control: RunControl) => Promise<unknown>;
  /** If it fails, later steps still run and the run ends `partial`. */
  continueOnFailure?: boolean;
}

/** What a long step must obey. */
export interface RunControl extends Sender {
  isPaused: () => boolean;
  /** Returns at once, or when the run is no longer paused. */
  whilePaused: () => Promise<void>;
}

export interface OpenedRun {
  runId: string;
  engine: string;
}

/**
 * Takes a run from its claim to its end, one step after the other: each is looked at first and done only where its rows
 * are not whole for what it would read today, then checked. Ends Completed with the run's summary, or Failed
 * (`RunIncomplete`) with the statement of what is left. Answers `progress`, `pause`, `resume` and `retryFailed`.
 */
export async function carryOut(
  run: { kind: string; date: string; priority: number; steps: readonly Step[]; paused?: boolean },
  open: (claimant: { workflowId: string; workflowRunId: string; priority: number }) => Promise<OpenedRun>,
): Promise<RunSummary> {
  const { date, priority, steps } = run;
  const { workflowId, firstExecutionRunId: workflowRunId } = workflowInfo();
  const state = beginRun(
    date,
    steps.map(({ unit }) => unit),
    run.paused === true,
  );

  setHandler(progressQuery, () => progressOf(state));
  setHandler(pauseUpdate, () => pause(state), { validator: () => refuse(refusals.pause(state)) });
  setHandler(resumeUpdate, () => resume(state), { validator: () => refuse(refusals.resume(state)) });
  setHandler(retryFailedUpdate, () => askRetry(state), {
    validator: () => refuse(refusals.retryFailed(state)),
  });

  upsertSearchAttributes([
    { key: attributes.kind, value: run.kind },
    { key: attributes.date, value: date },
    { key: attributes.failed, value: 0 },
  ]);
  // A cancel that comes meanwhile waits: once the claim is made, the run must be closed as well.
  const { runId, engine } = await CancellationScope.nonCancellable(() =>
    open({ workflowId, workflowRunId, priority }).catch(endRefused),
  );
  setHandler(
    setBudgetUpdate,
    async (budgetUsd) => {
      await light.setBudget({ runId, budgetUsd });
      return `${date} may cost $${budgetUsd} from now on.`;
    },
    { validator: (budgetUsd) => refuse(refusals.setBudget(budgetUsd)) },
  );
  upsertSearchAttributes([{ key: attributes.engine, value: engine }]);
  const claim = { runId, workflowId, workflowRunId };

  const control: RunControl = {
    engine,
    priority,
    isPaused: () => state.paused,
    whilePaused,
    pauseAtBudget: waitAtBudget,
  };
  let summary: RunSummary;
  try {
    if (CancellationScope.current().consideredCancelled)
      throw new CancelledFailure('cancelled while it opened');
    while (beginPass(state)) {
      for (const [index, step] of steps.entries()) {
        await whilePaused();
        await complete({ ...step, force: step.force && state.pass === 1 }, index);
      }
    }
    await notifyEnd(runId);
    summary = await light.closeRun({ ...claim, status: endOf(state) });
  } catch (error) {
    // The same run goes on in a new history: nothing has ended.
    if (error instanceof ContinueAsNew) throw error;
    // A bug of the workflow: its task is tried again under corrected code, and until then nothing of the run is ended.
    if (!(error instanceof TemporalFailure)) throw error;
    close(state);
    // The kill must not wait for the activities that only watch, and must not be cancelled itself.
    return await CancellationScope.nonCancellable(async () => {
      await engineActivities(engine).cancelBatches({ runId });
      const cancelled = isCancellation(error);
      const summary = await light.closeRun({ ...claim, status: cancelled ? 'cancelled' : 'failed' });
      if (cancelled) throw error;
      upsertSearchAttributes([{ key: attributes.failed, value: 1 }]);
      await notifyEnd(runId);
      throw ApplicationFailure.nonRetryable(summary.statement, 'RunIncomplete', summary);
    });
  }
  await condition(allHandlersFinished);
  if (summary.status === 'complete') return summary;
  upsertSearchAttributes([{ key: attributes.failed, value: summary.counts['failed'] ?? 1 }]);
  throw ApplicationFailure.nonRetryable(summary.statement, 'RunIncomplete', summary);

  /** Does a step until its rows are whole; only a failure that could pass by itself is tried again. */
  async function complete(step: Step, index: number): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      setPhase(state, index, 'running');
      const failure = await attempt(step, tries > 1);
      if (failure === undefined) return setPhase(state, index, 'complete');
      const after = afterFailure(state, { ...step, index }, failure, tries);
      if (after.then === 'again') {
        await sleep(after.waitMs);
        continue;
      }
      // What was looked at has its verdict, and may be worth more than "failed".
      if (!(after.then === 'on' && failure.verified)) {
        await light.failPhase({ runId, phase: step.unit, reason: failure.message });
      }
      if (after.then === 'on') return;
      await untilDecided();
      if (!takeRetry(state)) throw ApplicationFailure.nonRetryable(failure.message, failure.type);
    }
  }

  async function attempt(
    { unit, force, work }: Step,
    again: boolean,
  ): Promise<{ type: FailureType; message: string; verified: boolean } | undefined> {
    try {
      const begun = await light.beginPhase({ runId, phase: unit, force: force && !again, again });
      if (begun.reused) return undefined;
      await work(begun.fence, control);
      const verified = await light.verifyPhase({ runId, phase: unit });
      if (verified.complete) return undefined;
      return { type: 'CheckFailed', message: verified.reason, verified: true };
    } catch (error) {
      if (isCancellation(error) || error instanceof ContinueAsNew) throw error;
      return { ...failureOf(error), verified: false };
    }
  }

  /** A failed step ends the run, unless the run is paused: then a person decides. */
  async function untilDecided(): Promise<void> {
    if (waitsForPerson(state)) await waitAsPaused(() => !waitsForPerson(state));
  }

  async function waitAtBudget(statement: string): Promise<void> {
    pauseAtBudget(state, statement);
    await waitAsPaused(() => !state.paused, statement);
  }

  async function whilePaused(): Promise<void> {
    if (state.paused) await waitAsPaused(() => !state.paused);
  }

  async function waitAsPaused(until: () => boolean, statement?: string): Promise<void> {
    await light.setRunStatus({ ...claim, status: 'paused', ...(statement !== undefined && { statement }) });
    await condition(until);
    await light.setRunStatus({ ...claim, status: 'running' });
  }
}

/** A failed message never changes how a run ends; `notifications` records what became of it. */
async function notifyEnd(runId: string): Promise<void> {
  try {
    await light.notifyRun({ runId });
  } catch (error) {
    if (isCancellation(error)) throw error;
    failureOf(error);
  }
}

/** Hands a job to the engine and waits for its verdict; a batch that failed is thrown by its type. */
export async function batch(
  request: Pick<RunBatchInput, 'fence' | 'job' | 'input' | 'placement'> & { timeoutMs?: number },
  control: RunControl,
): Promise<void> {
  const outcome = await sendBatch(control, { timeoutMs: usualTimeoutMs, ...request });
  if (!outcome.succeeded) {
    throw ApplicationFailure.nonRetryable(
      `Batch ${outcome.batchId} failed: ${outcome.message}`,
      outcome.errorType ?? 'JobFailed',
    );
  }
}

/** What a parser answered, or its refusal as the workflow's own end. */
export function accepted<Input>(parsed: { ok: true; input: Input } | { ok: false; message: string }): Input {
  if (parsed.ok) return parsed.input;
  throw ApplicationFailure.nonRetryable(parsed.message, 'InvalidInput');
}

/** The day asked for; for a scheduled start without one, the day of its nominal time. */
export function dayOf(input: { date?: string }): string {
  const nominal = workflowInfo().typedSearchAttributes.get(attributes.nominalTime);
  const date = input.date ?? nominal?.toISOString().slice(0, 10);
  if (date === undefined) {
    throw ApplicationFailure.nonRetryable(
      'The date is missing: only a scheduled run knows its own. Give it as "date": "YYYY-MM-DD".',
      'InvalidInput',
    );
  }
  const today = new Date(Date.now()).toISOString().slice(0, 10);
  if (date > today) {
    throw ApplicationFailure.nonRetryable(
      `The date ${date} lies in the future; today is ${today} (UTC).`,
      'InvalidInput',
    );
  }
  return date;
}

/** The day before the run was meant to start: of a scheduled one by its nominal time. */
export function yesterdayOf(carried?: { yesterday: string }): string {
  if (carried) return carried.yesterday;
  const nominal = workflowInfo().typedSearchAttributes.get(attributes.nominalTime);
  const meant = nominal?.getTime() ?? workflowInfo().startTime.getTime();
  return addDays(new Date(meant).toISOString().slice(0, 10), -1);
}

/** Ends a workflow that got no claim, in a way that Temporal does not try again by itself. */
function endRefused(error: unknown): never {
  if (isCancellation(error)) throw error;
  const { type, message } = failureOf(error);
  throw ApplicationFailure.nonRetryable(message, type);
}

function refuse(message: string | undefined): void {
  if (message !== undefined) throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}
