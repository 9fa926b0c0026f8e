import { inTransaction } from '../database/pool.ts';
import type { Database, PoolClient } from '../database/pool.ts';
import type { BatchObservation, BatchRequest, BatchState } from '../engines/engine.ts';
import type { Cost } from '../planning/cost.ts';
import type { DataSize } from '../planning/data-size.ts';
import type { Resources } from '../planning/executors.ts';
import type { Claimant, Run } from './runs.ts';

/** What a job says of itself while it runs. */
export interface BatchProgress {
  done: number;
  total: number;
  note: string;
  at: string;
}

/** A row of `batches`: one request handed to an engine. */
export interface Batch {
  batchId: string;
  runId: string;
  unit: string;
  attempt: number;
  watchers: number;
  job: string;
  engine: string;
  state: BatchState | 'SUBMITTING' | 'SUBMITTED';
  stateMessage: string | null;
  errorType: string | null;
  progress: BatchProgress | null;
  result: Record<string, unknown> | null;
  usage: { seconds: number; cpuSeconds: number; peakMb: number } | null;
  submittedAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

const columns = `batch_id as "batchId", run_id as "runId", unit, attempt, watchers, job, engine, state,
  state_message as "stateMessage", error_type as "errorType", progress, result, usage,
  submitted_at as "submittedAt", started_at as "startedAt", finished_at as "finishedAt"`;

/** Which engine was asked for, and why it could not be set up. */
export interface Fallback {
  from: string;
  reason: string;
}

/** What is settled of a batch before it is sent. */
export interface NotedPlan {
  size: DataSize;
  resources: Resources;
  estimate: Cost;
  fallback?: Fallback;
  requestId?: string;
}

/** Why a batch was not noted: its run would cost more than it may. */
export interface OverBudget {
  budgetUsd: number;
  /** What is spent, or must be expected of batches that are on their way. */
  committedUsd: number;
  nextUsd: number;
}

/**
 * Notes a batch if its run can afford it. With the run's row locked, so that of two batches at once only one gets the
 * last dollar. A batch that is noted already has been paid for.
 */
export async function noteWithinBudget(
  database: Database,
  request: BatchRequest,
  engine: string,
  run: Run,
  plan: NotedPlan,
): Promise<OverBudget | undefined> {
  if (run.budgetUsd === null) {
    await noteBatch(database, request, engine, run, plan);
    return undefined;
  }
  return inTransaction(database, async (client) => {
    // A separate statement: one that waits for the lock would see the sums of before it waited.
    await client.query('select from runs where run_id = $1 for update', [run.runId]);
    const nextUsd = plan.estimate.usd;
    const asked = await client.query<{ budgetUsd: number; committedUsd: number; over: boolean }>(
      `select budget_usd::double precision as "budgetUsd", committed.usd::double precision as "committedUsd",
              not exists (select 1 from batches where batch_id = $2) and committed.usd + $3::numeric > budget_usd as over
         from runs,
              (select coalesce(sum(committed_usd), 0) as usd from batch_costs where run_id = $1) committed
        where run_id = $1 and budget_usd is not null`,
      [run.runId, request.batchId, nextUsd],
    );
    const budget = asked.rows[0];
    if (budget?.over === true) {
      return { budgetUsd: budget.budgetUsd, committedUsd: budget.committedUsd, nextUsd };
    }
    await noteBatch(client, request, engine, run, plan);
    return undefined;
  });
}

/** Notes a batch before it is sent; a later watcher of the same id is counted, nothing else changes. */
async function noteBatch(
  database: Database | PoolClient,
  request: BatchRequest,
  engine: string,
  owner: Claimant,
  plan: NotedPlan,
): Promise<Batch> {
  const noted = await database.query<Batch>(
    `insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request,
                          workflow_id, workflow_run_id, data_analysis, resources, cost_estimate, fallback_from,
                          fallback_reason, request_id, state_history)
     values ($1, $2, $3, $4, $5, $6, $7, 'SUBMITTING', $8, $9, $10, $11, $12, $13, $14, $15, $16,
             jsonb_build_array(jsonb_build_object('state', 'SUBMITTING', 'at', clock_timestamp())))
     on conflict (batch_id) do update set watchers = batches.watchers + 1
     returning ${columns}`,
    [
      request.batchId,
      request.fence.runId,
      request.fence.unit,
      request.fence.attempt,
      request.job,
      engine,
      request.priority,
      JSON.stringify(request),
      owner.workflowId,
      owner.workflowRunId,
      JSON.stringify(plan.size),
      JSON.stringify(plan.resources),
      JSON.stringify(plan.estimate),
      plan.fallback?.from ?? null,
      plan.fallback?.reason ?? null,
      plan.requestId ?? null,
    ],
  );
  return noted.rows[0]!;
}

const terminal = `('SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT')`;

/** Records the state that the engine reports; an ended batch is not changed. Returns the progress that the job reported. */
export async function recordObservation(
  database: Database,
  seen: BatchObservation,
  cost?: Cost,
): Promise<BatchProgress | undefined> {
  const recorded = await database.query<{ progress: BatchProgress | null }>(
    `update batches
        set state = $2, state_message = $3, error_type = $4, result = $5, usage = $6,
            started_at = coalesce($7, started_at), finished_at = $8,
            remote = remote || coalesce($9::jsonb, '{}'), event_log = $10, cost_actual = $11,
            state_history = state_history
              || case when state = 'SUBMITTING'
                      then jsonb_build_array(jsonb_build_object('state', 'SUBMITTED', 'at', clock_timestamp()))
                      else '[]' end
              || case when state is distinct from $2
                      then jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
                             'state', $2::text, 'at', clock_timestamp(), 'message', $3::text)))
                      else '[]' end
      where batch_id = $1 and state not in ${terminal}
      returning progress`,
    [
      seen.batchId,
      seen.state,
      seen.message ?? null,
      seen.errorType ?? null,
      seen.result === undefined ? null : JSON.stringify(seen.result),
      seen.usage === undefined ? null : JSON.stringify(seen.usage),
      seen.startedAt ?? null,
      seen.finishedAt ?? null,
      seen.remote === undefined ? null : JSON.stringify(seen.remote),
      seen.eventLog === undefined ? null : JSON.stringify(seen.eventLog),
      cost === undefined ? null : JSON.stringify(cost),
    ],
  );
  return recorded.rows[0]?.progress ?? undefined;
}

/** The job's own progress; undefined once the batch has ended. */
export async function readProgress(database: Database, batchId: string): Promise<BatchProgress | undefined> {
  const found = await database.query<{ progress: BatchProgress | null }>(
    `select progress from batches where batch_id = $1 and state not in ${terminal}`,
    [batchId],
  );
  return found.rows[0]?.progress ?? undefined;
}

export async function readBatches(database: Database, runId: string): Promise<Batch[]> {
  const found = await database.query<Batch>(
    `select ${columns} from batches where run_id = $1 order by submitted_at, batch_id`,
    [runId],
  );
  return found.rows;
}

export async function findBatch(database: Database, batchId: string): Promise<Batch | undefined> {
  const found = await database.query<Batch>(`select ${columns} from batches where batch_id = $1`, [batchId]);
  return found.rows[0];
}

/** A batch that may have to be ended: the engine it was sent to, and the resources it was given. */
export interface SentBatch {
  batchId: string;
  runId: string;
  attempt: number;
  engine: string;
  state: Batch['state'];
  resources: Resources;
}

const sentColumns = `batch_id as "batchId", run_id as "runId", attempt, engine, state, resources`;

/** One of these batches that was noted before. */
export async function findSent(database: Database, ids: readonly string[]): Promise<SentBatch | undefined> {
  const found = await database.query<SentBatch>(
    `select ${sentColumns} from batches where batch_id = any ($1) limit 1`,
    [ids],
  );
  return found.rows[0];
}

/** How often in a row the units of a batch ran out of memory: its own unit, or the dates of its chunk. */
export async function memoryFailures(database: Database, runId: string, unit: string): Promise<number> {
  const found = await database.query<{ failures: number }>(
    `select greatest(count(*),
                     (select max(tries) from units
                       where run_id = $1 and 'chunk ' || chunk = $2 and failure_type = 'OutOfMemory'))::integer as failures
       from batches b
      where run_id = $1 and unit = $2 and error_type = 'OutOfMemory'
        and not exists (select 1 from batches later
                         where later.run_id = b.run_id and later.unit = b.unit and later.attempt > b.attempt
                           and later.state = 'SUCCEEDED')`,
    [runId, unit],
  );
  return found.rows[0]!.failures;
}

/**
 * Batches of a run (of one unit, where given) that a newer attempt must see gone before it starts. Also those that the
 * ledger believes ended: their processes were killed, but a database session may have outlived them.
 */
export async function olderBatches(
  database: Database,
  runId: string,
  unit: string,
  attempt: number,
): Promise<SentBatch[]> {
  const found = await database.query<SentBatch>(
    `select ${sentColumns} from batches where run_id = $1 and unit = $2 and attempt < $3`,
    [runId, unit, attempt],
  );
  return found.rows;
}

/** Notes why an open batch makes no progress: shown by `watch`, `why` and the page until something is seen of it. */
export async function noteTrouble(database: Database, batchId: string, message: string): Promise<void> {
  await database.query(
    `update batches set state_message = $2 where batch_id = $1 and state not in ${terminal}`,
    [batchId, message],
  );
}

export async function openBatches(database: Database, runId: string): Promise<SentBatch[]> {
  const found = await database.query<SentBatch>(
    `select ${sentColumns} from batches where run_id = $1 and state not in ${terminal}`,
    [runId],
  );
  return found.rows;
}

/** The batches of a chunk are noted under this name. */
export function chunkUnit(chunk: number): string {
  return `chunk ${chunk}`;
}

/**
 * Batches that a new round must see gone before it begins, when nothing of the run is in flight: those that are still
 * open, and all that ever held one of these units. The ledger may believe them ended while a session of theirs lives on.
 */
export async function staleBatches(
  database: Database,
  runId: string,
  chunks: readonly number[],
): Promise<SentBatch[]> {
  const found = await database.query<SentBatch>(
    `select ${sentColumns} from batches
      where run_id = $1 and unit like 'chunk %'
        and (state not in ${terminal} or unit = any ($2))`,
    [runId, chunks.map(chunkUnit)],
  );
  return found.rows;
}

/**
 * Ends the database sessions of batches whose processes are gone or stopped: one that was stopped in the middle of a
 * COPY would hold its locks for ever.
 */
export async function endSessions(
  database: Database,
  batches: readonly { batchId: string; attempt: number }[],
): Promise<number> {
  if (batches.length === 0) return 0;
  const ended = await database.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where application_name = any ($1) and pid <> pg_backend_pid()`,
    [batches.map((batch) => sessionName(batch))],
  );
  return ended.rowCount ?? 0;
}

/** The `application_name` under which a batch's attempt talks to PostgreSQL. */
export function sessionName(batch: { batchId: string; attempt: number }): string {
  return `${batch.batchId}-a${batch.attempt}`;
}
