import { CancelledFailure, Context } from '@temporalio/activity';
import { isTerminal } from '../engines/engine.ts';
import type { BatchObservation, BatchRequest, Engine } from '../engines/engine.ts';
import { engineNamed } from '../engines/index.ts';
import { failpoint } from '../failpoints.ts';
import { classify, Failure, isRetryable } from '../failures.ts';
import type { FailureType } from '../failures.ts';
import { exportRecord, findBatchRecord } from '../ledger/batch-record.ts';
import {
  noteTrouble,
  noteWithinBudget,
  olderBatches,
  readProgress,
  recordObservation,
} from '../ledger/batches.ts';
import type { OverBudget } from '../ledger/batches.ts';
import { tallyUnits } from '../ledger/chunks.ts';
import { readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import type { Fence } from '../ledger/units.ts';
import { price } from '../pages/format.ts';
import { partitionsOf } from '../planning/partitions.ts';
import { planBatch } from './batch-plan.ts';
import type { Dependencies } from './dependencies.ts';
import { endBatches, recordEnd } from './end-batches.ts';
import { heartbeat } from './heartbeat.ts';
import { ownerLabel, placeBatch } from './place-batch.ts';
import type { BatchPlacement } from './place-batch.ts';

export interface RunBatchInput {
  fence: Fence;
  job: string;
  input: Record<string, unknown>;
  timeoutMs: number;
  placement?: BatchPlacement;
}

export interface BatchOutcome {
  batchId: string;
  engine: string;
  succeeded: boolean;
  /** For a failed batch: its type from the closed list and one line. */
  errorType?: FailureType;
  message?: string;
  result?: Record<string, unknown>;
  /** It was not sent, because its run would have cost more than it may: how things stand, in one line. */
  overBudget?: string;
}

/**
 * Runs one batch to its end and answers how it ended. Safe to run twice, by anyone, at any time: the id is fixed by what
 * the batch is for, so a second watcher finds the batch and adopts it. It never kills: whatever ends this activity
 * (shutdown, a lost heartbeat, a pause) only ends the watching.
 */
export async function runBatch(deps: Dependencies, input: RunBatchInput): Promise<BatchOutcome> {
  const { database, config } = deps;
  const run = await readRun(database, input.fence.runId);
  const { engine, fallback, id } = await placeBatch(deps, run, input);
  const plan = await planBatch(deps, { run, ...input, engine: engine.name });
  const request: BatchRequest = {
    batchId: id,
    job: input.job,
    input: {
      ...input.input,
      ...partitionsOf(input.job, engine.name, run.input['partitions'], plan.resources),
    },
    fence: input.fence,
    priority: run.priority,
    timeoutMs: input.timeoutMs,
    // Only a JVM of its own can have more memory than the shared one.
    isolated:
      !config.sparkLocalWarm ||
      plan.resources.memoryFactor > 1 ||
      plan.resources.sparkMemory !== undefined ||
      input.placement?.withoutSpark === true,
    resources: plan.resources,
    labels: {
      'managed-by': 'sevenfold',
      'run-id': run.runId,
      'workflow-id': ownerLabel(run.workflowId),
      'job-type': run.kind,
      model: typeof input.input['modelVersion'] === 'string' ? input.input['modelVersion'] : '',
      user: config.user,
      unit: input.fence.unit,
      attempt: String(input.fence.attempt),
    },
  };

  engine.check?.(request);
  let seen = await engine.look(request.batchId);
  if (seen) assertOurs(engine, run, seen);
  if (!seen) await endOlderAttempts(deps, input.fence);
  const requestId = engineNamed(config, engine.name).requestId?.(id);
  const overBudget = await noteWithinBudget(database, request, engine.name, run, {
    ...plan,
    ...(fallback && { fallback }),
    ...(requestId !== undefined && { requestId }),
  });
  if (overBudget) return notSent(deps, run, id, engine, overBudget);
  if (!seen) {
    await failpoint(config.failpoints, 'before-create');
    try {
      seen = await engine.create(request, {
        DATABASE_URL: deps.databaseUrl,
        ...(config.failpoints !== undefined && { SEVENFOLD_FAILPOINTS: config.failpoints }),
      });
    } catch (error) {
      const notCreated = await givenUp(deps, engine, request.batchId, error);
      if (notCreated === undefined) throw error;
      await recordEnd(deps, engine.name, plan.resources, notCreated);
      return outcomeOf(notCreated, engine);
    }
    await failpoint(config.failpoints, 'after-create');
    // Between the look and the create it may have become somebody else's.
    assertOurs(engine, run, seen);
  }

  const { cancellationSignal } = Context.current();
  // A row is written anew when something has changed: most looks of a remote batch see what the last one saw.
  let recorded = '';
  while (!isTerminal(seen.state)) {
    const observed = JSON.stringify(seen);
    const progress =
      observed === recorded
        ? await readProgress(database, request.batchId)
        : await recordObservation(database, seen);
    recorded = observed;
    heartbeat({ state: seen.state, ...(progress && { progress }) });
    const next: BatchObservation | undefined = await engine.lookForChange(
      request.batchId,
      seen.state,
      engine.lookMs,
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
  await recordEnd(deps, engine.name, plan.resources, seen);
  await keepRecord(deps, engine, request.batchId);
  return outcomeOf(seen, engine);
}

/** Tries of one batch to be created, about half a minute; then its attempt ends, and the next may be placed elsewhere. */
const createTries = 8;

/**
 * What to note of a batch that could not be created: nothing yet while more tries are left, or while it may exist after
 * all. What is wrong is shown meanwhile.
 */
async function givenUp(
  { database }: Dependencies,
  engine: Engine,
  batchId: string,
  error: unknown,
): Promise<BatchObservation | undefined> {
  const { type, message } = classify(error);
  await noteTrouble(database, batchId, message);
  if (!isRetryable(type)) return undefined;
  if (Context.current().info.attempt < createTries) return undefined;
  const seen = await engine.look(batchId).catch(() => 'unknown' as const);
  if (seen !== undefined) return undefined;
  return { batchId, state: 'FAILED', labels: {}, errorType: type, message };
}

function assertOurs(engine: Engine, run: Run, seen: BatchObservation): void {
  if (seen.labels['run-id'] === run.runId) return;
  throw new Failure(
    'NotOurs',
    `Batch ${seen.batchId} exists on engine ${engine.name} and belongs to run ${seen.labels['run-id'] ?? 'unknown'}.`,
  );
}

/** Keeps the record next to the batch's results, for readers without the ledger. If that fails, the verdict stands. */
async function keepRecord(
  { database, config, log }: Dependencies,
  engine: Engine,
  batchId: string,
): Promise<void> {
  if (engine.keepRecord === undefined) return;
  try {
    const record = await findBatchRecord(database, batchId);
    if (record) await engine.keepRecord(batchId, exportRecord(record, config));
  } catch (error) {
    log.warn({ batchId, err: error }, 'the record of a batch could not be stored with its results');
  }
}

async function notSent(
  { database }: Dependencies,
  run: Run,
  id: string,
  engine: Engine,
  { budgetUsd, committedUsd, nextUsd }: OverBudget,
): Promise<BatchOutcome> {
  const left = (await tallyUnits(database, run.runId)).reduce(
    (sum, { missing, partial }) => sum + missing + partial,
    0,
  );
  return {
    batchId: id,
    engine: engine.name,
    succeeded: false,
    overBudget:
      `${run.key} waits at its budget of ${price(budgetUsd)}: ${price(committedUsd)} are spent or on their way, ` +
      `the next batch is expected to cost ${price(nextUsd)}${left > 0 ? `, ${left} units are left` : ''}. ` +
      `Go on: sevenfold resume ${run.key} --budget <dollars>`,
  };
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
async function endOlderAttempts(deps: Dependencies, fence: Fence): Promise<void> {
  const { runId, unit, attempt } = fence;
  await endBatches(deps, await olderBatches(deps.database, runId, unit, attempt));
}
