import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import type { FailureType } from '../failures.ts';
import type { Fence } from '../ledger/units.ts';
import { parseDailyInput, runKey } from '../planning/daily-input.ts';
import type { DailyInput } from '../planning/daily-input.ts';
import { dailyPhases, phasesToForce } from '../planning/phases.ts';

import type { DailyPhase } from '../planning/phases.ts';
import { backOffMs, maximumTries } from '../planning/retry.ts';
import { failureOf } from './failures.ts';
import { batchActivityOptions, dailyPriority, lightActivityOptions } from './options.ts';

const light = proxyActivities<Activities>(lightActivityOptions);
const { runBatch } = proxyActivities<Activities>(batchActivityOptions);

const batchTimeoutMs = 60 * 60_000;

/** What a run can be found by in Temporal (src/search-attributes.ts); `failed` counts phases. */
const attributes = {
  kind: defineSearchAttributeKey('SevenfoldKind', SearchAttributeType.KEYWORD),
  date: defineSearchAttributeKey('SevenfoldDate', SearchAttributeType.KEYWORD),
  engine: defineSearchAttributeKey('SevenfoldEngine', SearchAttributeType.KEYWORD),
  failed: defineSearchAttributeKey('SevenfoldFailed', SearchAttributeType.INT),
  nominalTime: defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME),
};

export interface DailyProgress {
  date: string;
  paused: boolean;
  phases: { phase: DailyPhase; state: 'waiting' | 'running' | 'complete' | 'failed' }[];
}

export const progressQuery = defineQuery<DailyProgress>('progress');
export const pauseUpdate = defineUpdate<string>('pause');
export const resumeUpdate = defineUpdate<string>('resume');
export const retryFailedUpdate = defineUpdate<string>('retryFailed');

/**
 * One day of one data set: every phase is looked at first and done only where its rows are not whole for what it would
 * read today, then checked. Ends Completed with the run's summary, or Failed (`RunIncomplete`) with the statement of
 * what is left.
 */
export async function dailyPipeline(raw: unknown): Promise<RunSummary> {
  const input = readInput(raw);
  const date = dayOf(input);
  const forced = phasesToForce(input);
  const { workflowId, firstExecutionRunId: workflowRunId } = workflowInfo();

  const progress: DailyProgress = {
    date,
    paused: false,
    phases: dailyPhases.map((phase) => ({ phase, state: 'waiting' })),
  };
  let retryAsked = false;
  const failedPhase = () => progress.phases.find(({ state }) => state === 'failed')?.phase;

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
      return `Phase ${failedPhase()} is tried again.`;
    },
    {
      validator: () =>
        refuse(failedPhase() === undefined, 'Nothing has failed, so there is nothing to retry.'),
    },
  );

  upsertSearchAttributes([
    { key: attributes.kind, value: 'dailyPipeline' },
    { key: attributes.date, value: date },
    { key: attributes.failed, value: 0 },
  ]);

  const { runId, engine } = await light.openDailyRun({
    key: runKey(input, date),
    date,
    input,
    priority: dailyPriority,
    workflowId,
    workflowRunId,
  });
  upsertSearchAttributes([{ key: attributes.engine, value: engine }]);
  const run = { runId, workflowId, workflowRunId };

  try {
    for (const entry of progress.phases) {
      if (progress.paused) await waitWhilePaused();
      await completePhase(entry);
    }
    return await light.closeRun({ ...run, status: 'complete' });
  } catch (error) {
    // The kill must not wait for the activities that only watch, and must not be cancelled itself.
    return await CancellationScope.nonCancellable(async () => {
      await light.cancelBatches({ runId });
      const summary = await light.closeRun({
        ...run,
        status: isCancellation(error) ? 'cancelled' : 'failed',
      });
      if (isCancellation(error)) throw error;
      upsertSearchAttributes([{ key: attributes.failed, value: 1 }]);
      throw ApplicationFailure.nonRetryable(summary.statement, 'RunIncomplete', summary);
    });
  }

  /** Does a phase until its rows are whole; only a failure that could pass by itself is tried again. */
  async function completePhase(entry: DailyProgress['phases'][number]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      entry.state = 'running';
      const failure = await tryPhase(entry.phase, tries > 1);
      if (failure === undefined) {
        entry.state = 'complete';
        return;
      }
      if (tries < maximumTries(failure.type)) {
        await sleep(backOffMs(tries));
        continue;
      }
      entry.state = 'failed';
      await light.failPhase({ runId, phase: entry.phase, reason: failure.message });
      if (!(await retryWanted())) throw ApplicationFailure.nonRetryable(failure.message, failure.type);
    }
  }

  async function tryPhase(
    phase: DailyPhase,
    again: boolean,
  ): Promise<{ type: FailureType; message: string } | undefined> {
    try {
      const begun = await light.beginPhase({ runId, phase, force: forced.has(phase) && !again, again });
      if (begun.reused) return undefined;
      await work[phase](begun.fence);
      const verified = await light.verifyPhase({ runId, phase });
      return verified.complete ? undefined : { type: 'CheckFailed', message: verified.reason };
    } catch (error) {
      if (isCancellation(error)) throw error;
      return failureOf(error);
    }
  }

  /** A failed phase ends the run, unless the run is paused: then a person decides. */
  async function retryWanted(): Promise<boolean> {
    retryAsked = false;
    if (progress.paused) {
      await light.setRunStatus({ ...run, status: 'paused' });
      await condition(() => retryAsked || !progress.paused);
      await light.setRunStatus({ ...run, status: 'running' });
    }
    return retryAsked;
  }

  async function waitWhilePaused(): Promise<void> {
    await light.setRunStatus({ ...run, status: 'paused' });
    await condition(() => !progress.paused);
    await light.setRunStatus({ ...run, status: 'running' });
  }
}

/** What each phase does once it is known to be needed. */
const work: Record<DailyPhase, (fence: Fence) => Promise<unknown>> = {
  prepare: (fence) => light.snapshotSettings({ fence }),
  ingest: (fence) => batch('pool_ingest', fence),
  prefilter: (fence) => light.prefilterPools({ fence }),
  metrics: async (fence) => {
    // The rows of the pools are one half of the phase: only the groups, which need them, close it.
    await batch('pool_metrics', { ...fence, fingerprint: `${fence.fingerprint}+rows` });
    await light.groupPools({ fence });
  },
  report: (fence) => light.writeReport({ fence }),
};

async function batch(job: 'pool_ingest' | 'pool_metrics', fence: Fence): Promise<void> {
  const input = await light.planPoolBatch({ job, fence });
  const outcome = await runBatch({ fence, job, input, timeoutMs: batchTimeoutMs });
  if (!outcome.succeeded) {
    throw ApplicationFailure.nonRetryable(
      `Batch ${outcome.batchId} failed: ${outcome.message}`,
      outcome.errorType ?? 'JobFailed',
    );
  }
}

function readInput(raw: unknown): DailyInput {
  const parsed = parseDailyInput(raw);
  if (parsed.ok) return parsed.input;
  throw ApplicationFailure.nonRetryable(parsed.message, 'InvalidInput');
}

/** The day asked for; for a scheduled start without one, the day of its nominal time. */
function dayOf(input: DailyInput): string {
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

function refuse(condition: boolean, message: string): void {
  if (condition) throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}
