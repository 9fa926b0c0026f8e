import type { BatchObservation, BatchRequest, BatchState } from '../engines/engine.ts';
import type { Database } from '../database/pool.ts';
import type { Claimant } from './runs.ts';

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

/** Notes a batch before it is sent; a later watcher of the same id is counted, nothing else changes. */
export async function noteBatch(
  database: Database,
  request: BatchRequest,
  engine: string,
  owner: Claimant,
): Promise<Batch> {
  const noted = await database.query<Batch>(
    `insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request,
                          workflow_id, workflow_run_id)
     values ($1, $2, $3, $4, $5, $6, $7, 'SUBMITTING', $8, $9, $10)
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
    ],
  );
  return noted.rows[0]!;
}

const terminal = `('SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT')`;

/** Records what the engine sees; a batch that has ended stays as it ended. Answers the job's own progress. */
export async function recordObservation(
  database: Database,
  seen: BatchObservation,
): Promise<BatchProgress | undefined> {
  const recorded = await database.query<{ progress: BatchProgress | null }>(
    `update batches
        set state = $2, state_message = $3, error_type = $4, result = $5, usage = $6,
            started_at = coalesce($7, started_at), finished_at = $8
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
    ],
  );
  return recorded.rows[0]?.progress ?? undefined;
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

/**
 * Batches of a run (of one unit, where given) that a newer attempt must see gone before it starts. Also those that the
 * ledger believes ended: their processes were killed, but a database session may have outlived them.
 */
export async function olderBatches(
  database: Database,
  runId: string,
  unit: string,
  attempt: number,
): Promise<{ batchId: string; attempt: number }[]> {
  const found = await database.query<{ batchId: string; attempt: number }>(
    `select batch_id as "batchId", attempt from batches where run_id = $1 and unit = $2 and attempt < $3`,
    [runId, unit, attempt],
  );
  return found.rows;
}

export async function openBatches(
  database: Database,
  runId: string,
): Promise<{ batchId: string; attempt: number }[]> {
  const found = await database.query<{ batchId: string; attempt: number }>(
    `select batch_id as "batchId", attempt from batches where run_id = $1 and state not in ${terminal}`,
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
): Promise<{ batchId: string; attempt: number }[]> {
  const found = await database.query<{ batchId: string; attempt: number }>(
    `select batch_id as "batchId", attempt from batches
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
