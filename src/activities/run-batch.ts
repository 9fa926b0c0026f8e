import { CancelledFailure, Context } from '@temporalio/activity';
import { createHash } from 'node:crypto';
import { costOf, planBatch } from './batch-plan.ts';
import type { Dependencies } from './dependencies.ts';
import { taskQueues } from '../config.ts';
import type { Engines } from '../engines/choose.ts';
import type { BatchObservation, BatchRequest, Engine, EngineName } from '../engines/engine.ts';
import { isTerminal } from '../engines/engine.ts';
import { failpoint } from '../failpoints.ts';
import { Failure } from '../failures.ts';
import type { FailureType } from '../failures.ts';
import {
  endSessions,
  findSent,
  noteWithinBudget,
  olderBatches,
  openBatches,
  recordObservation,
} from '../ledger/batches.ts';
import type { Fallback, OverBudget, SentBatch } from '../ledger/batches.ts';
import { exportRecord, findBatchRecord } from '../ledger/batch-record.ts';
import { tallyUnits } from '../ledger/chunks.ts';
import { readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import type { Fence } from '../ledger/units.ts';
import { raiseFences } from '../ledger/units.ts';
import { price } from '../pages/format.ts';
import { batchId, requestIdOf } from '../planning/batch-id.ts';
import { actualCost, freeCost } from '../planning/cost.ts';
import type { Cost } from '../planning/cost.ts';
import type { Resources } from '../planning/executors.ts';
import type { Mode } from '../planning/placement-input.ts';

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
    input: input.input,
    fence: input.fence,
    priority: run.priority,
    timeoutMs: input.timeoutMs,
    // More memory than the shared JVM has, only one of its own can be given.
    isolated: !config.sparkLocalWarm || plan.resources.memoryFactor > 1,
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
  const overBudget = await noteWithinBudget(database, request, engine.name, run, {
    ...plan,
    ...(fallback && { fallback }),
    ...(engine.name === 'dataproc' && { requestId: requestIdOf(id) }),
  });
  if (overBudget) return notSent(deps, run, id, engine, overBudget);
  if (!seen) {
    await failpoint(config.failpoints, 'before-create');
    seen = await engine.create(request, { DATABASE_URL: deps.databaseUrl });
    await failpoint(config.failpoints, 'after-create');
    // Between the look and the create it may have become somebody else's.
    assertOurs(engine, run, seen);
  }

  const { cancellationSignal } = Context.current();
  while (!isTerminal(seen.state)) {
    const progress = await recordObservation(database, seen);
    Context.current().heartbeat({ state: seen.state, ...(progress && { progress }) });
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

function assertOurs(engine: Engine, run: Run, seen: BatchObservation): void {
  if (seen.labels['run-id'] === run.runId) return;
  throw new Failure(
    'NotOurs',
    `Batch ${seen.batchId} exists on engine ${engine.name} and belongs to run ${seen.labels['run-id'] ?? 'unknown'}.`,
  );
}

/** The record beside the batch's own results, for whoever has the bucket but not the ledger; never in the way of its verdict. */
async function keepRecord({ database, log }: Dependencies, engine: Engine, batchId: string): Promise<void> {
  if (engine.keepRecord === undefined) return;
  try {
    const record = await findBatchRecord(database, batchId);
    if (record) await engine.keepRecord(batchId, exportRecord(record));
  } catch (error) {
    log.warn({ batchId, err: error }, 'the record of a batch was not kept beside its results');
  }
}

/**
 * The engine of a batch and the batch's id. A batch that was sent already stays where it was sent: it may exist there,
 * whatever new ones are placed by now.
 */
async function placeBatch(
  { database, engines, config }: Dependencies,
  run: Run,
  { job, fence }: RunBatchInput,
): Promise<{ engine: Engine; fallback?: Fallback; id: string }> {
  // With the run's own id in the key: an engine may remember the batches of a database that was since replaced.
  const idBy = (prefix: string): string =>
    batchId(prefix, job, `${run.key} ${run.runId}`, fence.unit, fence.attempt);
  const ids = [...new Set([config.batchPrefix, config.dataproc.batchPrefix])].map(idBy);
  const sent = await findSent(database, ids);
  if (sent) {
    const engine = await reach(engines, sent.batchId, sent.engine);
    return { engine, id: sent.batchId };
  }
  const placement = await engines.place(run.input['engine'] as Mode | undefined);
  if (placement.mode === 'queue') {
    throw new Failure(
      'InvalidInput',
      `Batches of ${run.key} go to task queue ${taskQueues.spark}, but this worker does not serve it. Start one: node worker.ts --queue spark`,
    );
  }
  const { engine, fallback } = placement;
  const id = idBy(engine.name === 'dataproc' ? config.dataproc.batchPrefix : config.batchPrefix);
  return { engine, id, ...(fallback && { fallback }) };
}

/** An engine that may hold a batch of ours: that it cannot be set up now is no reason to do its work elsewhere. */
async function reach(engines: Engines, id: string, name: EngineName): Promise<Engine> {
  try {
    return await engines.named(name);
  } catch (error) {
    throw new Failure(
      'Infrastructure',
      `Batch ${id} was sent to ${name}, which cannot be reached: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** How it ended, with what it cost. */
async function recordEnd(
  { database, config }: Pick<Dependencies, 'database' | 'config'>,
  engine: EngineName,
  resources: Resources,
  seen: BatchObservation,
): Promise<void> {
  await recordObservation(database, seen, costOfEnd(config, engine, resources, seen));
}

function costOfEnd(
  config: Dependencies['config'],
  engine: EngineName,
  resources: Resources,
  { usage, remote }: BatchObservation,
): Cost | undefined {
  const metered = remote?.approximateUsage;
  if (engine === 'dataproc' && metered) return actualCost(metered, config.rates, usage?.seconds ?? 0);
  return usage && costOf(config, engine, resources, usage.seconds);
}

/** Which workflow a batch belongs to, in the few characters that a label may have. */
export function ownerLabel(workflowId: string): string {
  return createHash('sha256').update(workflowId).digest('hex').slice(0, 16);
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

/** Ends batches that must not write any more: their processes, then their database sessions. Safe to repeat. */
export async function endBatches(
  deps: Pick<Dependencies, 'database' | 'engines' | 'config'>,
  batches: readonly SentBatch[],
): Promise<void> {
  for (const batch of batches) await endBatch(deps, batch);
  await endSessions(deps.database, batches);
}

async function endBatch(
  deps: Pick<Dependencies, 'database' | 'engines' | 'config'>,
  { batchId, runId, engine: name, resources }: SentBatch,
): Promise<void> {
  const engine = await reach(deps.engines, batchId, name);
  const seen = await engine.look(batchId);
  // One of its name that is not this run's is left alone: ours was refused for it.
  const ended = seen?.labels['run-id'] === runId ? await engine.cancel(batchId) : undefined;
  if (ended) return recordEnd(deps, name, resources, ended);
  // What never ran cost nothing: its estimate must not be held against the budget.
  const neverRan = {
    batchId,
    state: 'CANCELLED' as const,
    labels: {},
    message: 'Cancelled before it started.',
  };
  await recordObservation(deps.database, neverRan, freeCost({ cores: 0, gb: 0, seconds: 0 }));
}

/**
 * Ends what a cancelled run still has running and answers when it is gone. The fences go up first, so that a batch that
 * is just about to commit cannot. Safe to repeat: ended batches are left as they are.
 */
export async function cancelBatches(
  deps: Dependencies,
  input: { runId: string },
): Promise<{ cancelled: number }> {
  const { database } = deps;
  await raiseFences(database, input.runId);
  const open = await openBatches(database, input.runId);
  await endBatches(deps, open);
  return { cancelled: open.length };
}
