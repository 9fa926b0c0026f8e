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
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import type { FailureType } from '../failures.ts';
import type { Fence } from '../ledger/units.ts';
import { addDays } from '../planning/days.ts';
import { maximumTries, waitMs } from '../planning/retry.ts';
import { failureOf } from './failures.ts';
import { engineActivities, lightActivityOptions } from './options.ts';
import { sendBatch } from './send-batch.ts';
import type { Sender } from './send-batch.ts';
import type { SearchAttribute } from '../search-attributes.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

const batchTimeoutMs = 60 * 60_000;

/** What a run can be found by in Temporal (src/search-attributes.ts); `failed` counts units. */
const attributes = {
  kind: defineSearchAttributeKey('SevenfoldKind' satisfies SearchAttribute, SearchAttributeType.KEYWORD),
  date: defineSearchAttributeKey('SevenfoldDate' satisfies SearchAttribute, SearchAttributeType.KEYWORD),
  engine: defineSearchAttributeKey('SevenfoldEngine' satisfies SearchAttribute, SearchAttributeType.KEYWORD),
  failed: defineSearchAttributeKey('SevenfoldFailed' satisfies SearchAttribute, SearchAttributeType.INT),
  nominalTime: defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME),
};

export interface Progress {
  date: string;
  paused: boolean;
  /** Why, where it paused by itself. */
  reason?: string;
  phases: { phase: string; state: 'waiting' | 'running' | 'complete' | 'failed' }[];
}

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
  /** What it leaves undone does not keep the steps after it from being done: the run ends `partial`. */
  goesOn?: boolean;
}

/** What a step that takes long must heed. */
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
  const progress: Progress = {
    date,
    paused: run.paused === true,
    phases: steps.map(({ unit }) => ({ phase: unit, state: 'waiting' })),
  };
  let retryAsked = false;
  let closing = false;
  let partial = false;
  const failedUnit = () => progress.phases.find(({ state }) => state === 'failed')?.phase;

  setHandler(progressQuery, () => progress);
  setHandler(
    pauseUpdate,
    () => {
      progress.paused = true;
      return `${date} pauses before its next phase.`;
    },
    { validator: () => refuse(progress.paused, 'The run is paused already.') },
  );
  setHandler(
    resumeUpdate,
    () => {
      progress.paused = false;
      return `${date} goes on.`;
    },
    { validator: () => refuse(!progress.paused, 'The run is not paused.') },
  );
  setHandler(
    retryFailedUpdate,
    () => {
      retryAsked = true;
      const phase = failedUnit();
      const busy = progress.phases.find(({ state }) => state === 'running')?.phase;
      return busy === undefined
        ? `Phase ${phase} is tried again.`
        : `Phase ${phase} is tried again after ${busy}.`;
    },
    {
      validator: () =>
        refuse(
          closing || failedUnit() === undefined,
          closing
            ? 'The run is ending. When it has ended: sevenfold retry.'
            : 'Nothing has failed, so there is nothing to retry.',
        ),
    },
  );

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
    {
      validator: (budgetUsd) =>
        refuse(
          !(typeof budgetUsd === 'number' && budgetUsd > 0 && budgetUsd <= 1e6),
          'The budget must be US dollars above 0, at most 1000000.',
        ),
    },
  );
  upsertSearchAttributes([{ key: attributes.engine, value: engine }]);
  const claim = { runId, workflowId, workflowRunId };

  const control: RunControl = {
    engine,
    priority,
    isPaused: () => progress.paused,
    whilePaused,
    pauseAtBudget,
  };
  let summary: RunSummary;
  try {
    if (CancellationScope.current().consideredCancelled)
      throw new CancelledFailure('cancelled while it opened');
    for (let pass = 1; pass === 1 || (partial && retryAsked); pass += 1) {
      retryAsked = false;
      partial = false;
      // A further pass only looks at what is whole; it does what failed, and what was made from that.
      for (const [index, step] of steps.entries()) {
        await whilePaused();
        await complete({ ...step, force: step.force && pass === 1 }, progress.phases[index]!);
      }
    }
    closing = true;
    await tell(runId);
    summary = await light.closeRun({ ...claim, status: partial ? 'partial' : 'complete' });
  } catch (error) {
    // The same run goes on in a new history: nothing has ended.
    if (error instanceof ContinueAsNew) throw error;
    // A bug of the workflow: its task is tried again under corrected code, and until then nothing of the run is ended.
    if (!(error instanceof TemporalFailure)) throw error;
    // The kill must not wait for the activities that only watch, and must not be cancelled itself.
    return await CancellationScope.nonCancellable(async () => {
      await engineActivities(engine).cancelBatches({ runId });
      const cancelled = isCancellation(error);
      const summary = await light.closeRun({ ...claim, status: cancelled ? 'cancelled' : 'failed' });
      if (cancelled) throw error;
      upsertSearchAttributes([{ key: attributes.failed, value: 1 }]);
      await tell(runId);
      throw ApplicationFailure.nonRetryable(summary.statement, 'RunIncomplete', summary);
    });
  }
  await condition(allHandlersFinished);
  if (summary.status === 'complete') return summary;
  upsertSearchAttributes([{ key: attributes.failed, value: summary.counts['failed'] ?? 1 }]);
  throw ApplicationFailure.nonRetryable(summary.statement, 'RunIncomplete', summary);

  /** Does a step until its rows are whole; only a failure that could pass by itself is tried again. */
  async function complete(step: Step, entry: Progress['phases'][number]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      entry.state = 'running';
      const failure = await attempt(step, tries > 1);
      if (failure === undefined) {
        entry.state = 'complete';
        return;
      }
      if (tries < maximumTries(failure.type)) {
        await sleep(waitMs(failure.type, tries));
        continue;
      }
      entry.state = 'failed';
      // What was looked at has its verdict, and may be worth more than "failed".
      if (!(step.goesOn === true && failure.verified)) {
        await light.failPhase({ runId, phase: step.unit, reason: failure.message });
      }
      if (step.goesOn === true) {
        partial = true;
        return;
      }
      if (!(await retryWanted())) throw ApplicationFailure.nonRetryable(failure.message, failure.type);
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
  async function retryWanted(): Promise<boolean> {
    // Asked for while the failure was noted, it counts.
    if (progress.paused && !retryAsked) {
      await light.setRunStatus({ ...claim, status: 'paused' });
      await condition(() => retryAsked || !progress.paused);
      await light.setRunStatus({ ...claim, status: 'running' });
    }
    const wanted = retryAsked;
    retryAsked = false;
    return wanted;
  }

  async function pauseAtBudget(statement: string): Promise<void> {
    progress.paused = true;
    progress.reason = statement;
    await light.setRunStatus({ ...claim, status: 'paused', statement });
    await condition(() => !progress.paused);
    delete progress.reason;
    await light.setRunStatus({ ...claim, status: 'running' });
  }

  async function whilePaused(): Promise<void> {
    if (!progress.paused) return;
    await light.setRunStatus({ ...claim, status: 'paused' });
    await condition(() => !progress.paused);
    await light.setRunStatus({ ...claim, status: 'running' });
  }
}

/** What becomes of the message is on record in `notifications`; it never decides how a run ends. */
async function tell(runId: string): Promise<void> {
  try {
    await light.notifyRun({ runId });
  } catch (error) {
    if (isCancellation(error)) throw error;
    failureOf(error);
  }
}

/** Hands a job to the engine and waits for its verdict; a batch that failed is thrown by its type. */
export async function batch(
  request: { fence: Fence; job: string; input: Record<string, unknown> },
  control: RunControl,
): Promise<void> {
  const outcome = await sendBatch(control, { ...request, timeoutMs: batchTimeoutMs });
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

function refuse(condition: boolean, message: string): void {
  if (condition) throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}
