import {
  allHandlersFinished,
  condition,
  isCancellation,
  proxyActivities,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { ChunkFailure } from '../ledger/chunks.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { waitMs } from '../planning/retry.ts';
import { failureOf } from './failures.ts';
import { engineActivities, lightActivityOptions, prioritised } from './options.ts';
import type { RunControl } from './run-control.ts';
import { sendBatch } from './send-batch.ts';

const light = proxyActivities<Activities>(prioritised(lightActivityOptions, backfillPriority));

const usualLimitMs = 60 * 60_000;
/** Temporal ends a history at 51,200 events and slows down long before; what is done stands in the ledger. */
const mostEvents = 4_000;

export interface FanOut {
  runId: string;
  unit: string;
  control: RunControl;
  /** How many chunks are in flight at once; asked again for each. */
  concurrency: () => number;
}

/**
 * Does everything of a phase that is still to do, as one sliding window of chunks: each is a batch. What fails is sent
 * again, split or given up in further rounds, until nothing is left to send. Answers `full` when the history is: then the
 * caller continues as new, and the ledger is all that need be carried over.
 */
export async function fanOut(phase: FanOut): Promise<'done' | 'full'> {
  const { runId, unit, control } = phase;
  const { planRound } = engineActivities(control.engine, control.priority);
  for (let round = 1; ; round += 1) {
    const { first, last, waiting, after } = await planRound({ runId, unit });
    if (last < first) return 'done';
    if (waiting) await sleep(waitMs(after ?? 'Infrastructure', round));
    if ((await slide(phase, first, last)) === 'full') return 'full';
  }
}

/** Keeps `concurrency` chunks in flight until the last has ended. */
async function slide(phase: FanOut, first: number, last: number): Promise<'done' | 'full'> {
  const inFlight = new Set<number>();
  let problem: unknown;
  let full = false;
  for (let chunk = first; chunk <= last && problem === undefined; chunk += 1) {
    await phase.control.whilePaused();
    await condition(() => problem !== undefined || inFlight.size < phase.concurrency());
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    full = continueAsNewSuggested || historyLength > mostEvents;
    if (full || problem !== undefined) break;
    inFlight.add(chunk);
    carryOutChunk(phase, chunk).then(
      () => inFlight.delete(chunk),
      (error: unknown) => {
        problem ??= error;
        inFlight.delete(chunk);
      },
    );
  }
  await condition(() => inFlight.size === 0);
  if (problem !== undefined) throw problem as Error;
  if (!full) return 'done';
  await condition(allHandlersFinished);
  return 'full';
}

async function carryOutChunk({ runId, unit, control }: FanOut, chunk: number): Promise<void> {
  const { beginChunk } = engineActivities(control.engine, control.priority);
  const opened = await beginChunk({ runId, unit, chunk });
  if (opened === null) return;
  const failures = await send(control, opened);
  if (failures.length > 0) await light.noteChunk({ runId, chunk, failures });
}

/** Runs the batch of a chunk; what failed is an answer like any other. */
async function send(
  control: RunControl,
  {
    fence,
    job,
    input,
    timeoutMs = usualLimitMs,
    placement,
  }: NonNullable<Awaited<ReturnType<Activities['beginChunk']>>>,
): Promise<ChunkFailure[]> {
  try {
    const outcome = await sendBatch(control, {
      fence,
      job,
      input,
      timeoutMs,
      ...(placement && { placement }),
    });
    if (outcome.succeeded) return (outcome.result?.['failed'] as ChunkFailure[] | undefined) ?? [];
    return [
      { errorType: outcome.errorType ?? 'JobFailed', message: `${outcome.batchId}: ${outcome.message}` },
    ];
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { type, message } = failureOf(error);
    return [{ errorType: type, message }];
  }
}
