import { proxyActivities } from '@temporalio/workflow';
import type { ActivityInterfaceFor, ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { failureTypes, isRetryable } from '../failures.ts';
import type { FailureType } from '../failures.ts';
import { lastAttempt } from '../planning/retry.ts';

import { dailyPriority } from '../planning/priorities.ts';

/** The same options for work that others go before. */
export function prioritised(options: ActivityOptions, priorityKey: number): ActivityOptions {
  return { ...options, priority: { priorityKey } };
}

const retry = {
  initialInterval: 200,
  backoffCoefficient: 2,
  maximumInterval: 10_000,
  // Also for attempts that end without a word: a worker that each of them kills, a time limit.
  maximumAttempts: lastAttempt,
  nonRetryableErrorTypes: (Object.keys(failureTypes) as FailureType[]).filter((type) => !isRetryable(type)),
};

/** Statements and small files. They heartbeat by themselves, so that a killed worker is noticed within ten seconds. */
export const lightActivityOptions: ActivityOptions = {
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry,
  priority: { priorityKey: dailyPriority },
};

/** Watching a batch: as long as it takes, with its own hard limit inside the request. */
export const batchActivityOptions: ActivityOptions = {
  taskQueue: 'sevenfold-batch',
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '10 seconds',
  retry,
  priority: { priorityKey: dailyPriority },
};

/**
 * Asking a provider. How often one body is asked for is the activity's own affair (src/sources/fetch.ts): these attempts
 * are for workers that are killed, databases that are away and pauses that a provider asks for.
 */
export function fetchActivityOptions(patienceMinutes: number): ActivityOptions {
  return {
    taskQueue: 'sevenfold-fetch',
    startToCloseTimeout: `${patienceMinutes} minutes`,
    scheduleToCloseTimeout: `${patienceMinutes} minutes`,
    heartbeatTimeout: '10 seconds',
    retry: { ...retry, maximumAttempts: 8 },
    priority: { priorityKey: dailyPriority },
  };
}

/** The queue of a fleet that has an engine of its own. */
const sparkQueue = 'sevenfold-spark';

type EngineActivities = Pick<
  ActivityInterfaceFor<Activities>,
  'runBatch' | 'cancelBatches' | 'planRound' | 'beginChunk'
>;

/** Activities that touch an engine: they run where it is, which in queue mode is another fleet. */
export function engineActivities(engine: string, priorityKey: number = dailyPriority): EngineActivities {
  const there = engine === 'queue' ? { taskQueue: sparkQueue } : {};
  const { runBatch } = proxyActivities<Activities>({
    ...prioritised(batchActivityOptions, priorityKey),
    ...there,
  });
  const { cancelBatches, planRound, beginChunk } = proxyActivities<Activities>({
    ...prioritised(lightActivityOptions, priorityKey),
    ...there,
  });
  return { runBatch, cancelBatches, planRound, beginChunk };
}
