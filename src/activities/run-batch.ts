import { CancelledFailure, Context } from '@temporalio/activity';
import type { Dependencies } from './dependencies.ts';
import type { Engine, BatchObservation, BatchRequest } from '../engines/engine.ts';
import { isTerminal } from '../engines/engine.ts';
import { failpoint } from '../failpoints.ts';
import { Failure } from '../failures.ts';
import type { FailureType } from '../failures.ts';
import { endSessions, noteBatch, olderBatches, recordObservation, openBatches } from '../ledger/batches.ts';
import { readRun } from '../ledger/runs.ts';
import type { Fence } from '../ledger/units.ts';
import { raiseFences } from '../ledger/units.ts';
import { batchId } from '../planning/batch-id.ts';

export interface RunBatchInput {
  fence: Fence;
  job: string;
  input: Record<string, unknown>;
  timeoutMs: number;
}

export interface BatchOutcome {
  batchId: string;
  engine: string;
  succeeded: boolean;
  /** For a failed batch: its type from the closed list and one line. */
  errorType?: FailureType;
  message?: string;
  result?: Record<string, unknown>;
}

/** The longest that one look at the engine waits for news: heartbeats and progress go out at least this often. */
const lookMs = 1_000;

/**
 * Runs one batch to its end and answers how it ended. Safe to run twice, by anyone, at any time: the id is fixed by what
 * the batch is for, so a second watcher finds the batch and adopts it. It never kills: whatever ends this activity
 * (shutdown, a lost heartbeat, a pause) only ends the watching.
 */
export async function runBatch(deps: Dependencies, input: RunBatchInput): Promise<BatchOutcome> {
  const { database, engine, config } = deps;
  const run = await readRun(database, input.fence.runId);
  const request: BatchRequest = {
    // With the run's own id in the key: an engine may remember the batches of a database that was since replaced.
    batchId: batchId(
      config.batchPrefix,
      input.job,
      `${run.key} ${run.runId}`,
      input.fence.unit,
      input.fence.attempt,
    ),
    job: input.job,
    input: input.input,
    fence: input.fence,
    priority: run.priority,
    timeoutMs: input.timeoutMs,
    isolated: !config.sparkLocalWarm,
    labels: {
      'managed-by': 'sevenfold',
      'run-id': run.runId,
      unit: input.fence.unit,
      attempt: String(input.fence.attempt),
    },
  };

  let seen = await engine.look(request.batchId);
  if (seen && seen.labels['run-id'] !== run.runId) {
    throw new Failure(
      'NotOurs',
      `Batch ${request.batchId} exists on engine ${engine.name} and belongs to run ${seen.labels['run-id'] ?? 'unknown'}.`,
    );
  }
  if (!seen) await endOlderAttempts(deps, input.fence);
  await noteBatch(database, request, engine.name, run);
  if (!seen) {
    await failpoint(config.failpoints, 'before-create');
    seen = await engine.create(request, { DATABASE_URL: deps.databaseUrl });
    await failpoint(config.failpoints, 'after-create');
  }

  const { cancellationSignal } = Context.current();
  while (!isTerminal(seen.state)) {
    const progress = await recordObservation(database, seen);
    Context.current().heartbeat({ state: seen.state, ...(progress && { progress }) });
    const next: BatchObservation | undefined = await engine.lookForChange(
      request.batchId,
      seen.state,
      lookMs,
      cancellationSignal,
    );
    if (cancellationSignal.aborted) throw stopWatching(request.batchId);
    if (!next) {
      seen = {
        ...seen,
        state: 'FAILED',
        errorType: 'Infrastructure',
        message: `Engine ${engine.name} no longer knows batch ${request.batchId}.`,
      };
      break;
    }
    seen = next;
  }
  await recordObservation(database, seen);
  return outcomeOf(seen, engine);
}

function outcomeOf(seen: BatchObservation, engine: Engine): BatchOutcome {
  const succeeded = seen.state === 'SUCCEEDED';
  const errorType =
    seen.errorType ??
    (seen.state === 'TIMED_OUT' ? 'TimedOut' : seen.state === 'CANCELLED' ? 'Cancelled' : 'JobFailed');
  return {
    batchId: seen.batchId,
    engine: engine.name,
    succeeded,
    ...(!succeeded && {
      errorType,
      message: seen.message ?? `The batch ended ${seen.state} without a word.`,
    }),
    ...(seen.result && { result: seen.result }),
  };
}

/** A real cancel is passed on; anything else (a worker that shuts down) leaves the batch to the next watcher. */
function stopWatching(id: string): Error {
  const reason: unknown = Context.current().cancellationSignal.reason;
  if (reason instanceof CancelledFailure && reason.message !== 'WORKER_SHUTDOWN') return reason;
  return new Failure('Infrastructure', `This worker stopped watching batch ${id}; the next one adopts it.`);
}

/** A new attempt starts only when nothing of an older one is left: no process, no database session. */
async function endOlderAttempts({ database, engine }: Dependencies, fence: Fence): Promise<void> {
  await endBatches(
    { database, engine },
    await olderBatches(database, fence.runId, fence.unit, fence.attempt),
  );
}

/** Ends batches that must not write any more: their processes, then their database sessions. Safe to repeat. */
export async function endBatches(
  { database, engine }: Pick<Dependencies, 'database' | 'engine'>,
  batches: readonly { batchId: string; attempt: number }[],
): Promise<void> {
  for (const batch of batches) {
    const ended = await engine.cancel(batch.batchId);
    if (ended) await recordObservation(database, ended);
  }
  await endSessions(database, batches);
}

/**
 * Ends what a cancelled run still has running and answers when it is gone. The fences go up first, so that a batch that
 * is just about to commit cannot. Safe to repeat: ended batches are left as they are.
 */
export async function cancelBatches(
  deps: Dependencies,
  input: { runId: string },
): Promise<{ cancelled: number }> {
  const { database, engine } = deps;
  await raiseFences(database, input.runId);
  const open = await openBatches(database, input.runId);
  for (const batch of open) {
    const ended = await engine.cancel(batch.batchId);
    await recordObservation(
      database,
      ended ?? {
        batchId: batch.batchId,
        state: 'CANCELLED',
        labels: {},
        message: 'Cancelled before it started.',
      },
    );
  }
  await endSessions(database, open);
  return { cancelled: open.length };
}
