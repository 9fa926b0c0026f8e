import type { Database } from '../database/pool.ts';
import type { EngineConfig, RemoteBatch } from '../engines/engine.ts';
import type { EventLogSummary } from '../engines/event-log.ts';
import { publicState } from '../planning/batch-state.ts';
import type { PublicState } from '../planning/batch-state.ts';
import type { Cost } from '../planning/cost.ts';
import type { DataSize } from '../planning/data-size.ts';
import type { Resources } from '../planning/executors.ts';
import type { Batch } from './batches.ts';
import type { RunStatus } from './runs.ts';

/** One step of a batch, as its watcher saw it. */
export interface StateChange {
  state: string;
  at: string;
  message?: string;
}

/** All that is kept of a batch. What came with later versions of the ledger is null in older batches. */
export interface BatchRecord extends Batch {
  runKey: string;
  runStatus: RunStatus;
  /** Where the run's batches were to go: an engine, or `queue`. */
  runEngine: string | null;
  priority: number;
  request: Record<string, unknown>;
  workflowId: string;
  workflowRunId: string;
  requestId: string | null;
  fallbackFrom: string | null;
  fallbackReason: string | null;
  stateHistory: StateChange[];
  remote: RemoteBatch;
  dataAnalysis: DataSize | null;
  resources: Resources | null;
  costEstimate: Cost | null;
  costActual: Cost | null;
  eventLog: EventLogSummary | null;
}

const select = `
  select b.batch_id as "batchId", b.run_id as "runId", b.unit, b.attempt, b.watchers, b.job, b.engine, b.state,
         b.state_message as "stateMessage", b.error_type as "errorType", b.progress, b.result, b.usage,
         b.submitted_at as "submittedAt", b.started_at as "startedAt", b.finished_at as "finishedAt",
         r.key as "runKey", r.status as "runStatus", r.engine as "runEngine", b.priority, b.request,
         b.workflow_id as "workflowId", b.workflow_run_id as "workflowRunId", b.request_id as "requestId",
         b.fallback_from as "fallbackFrom", b.fallback_reason as "fallbackReason",
         b.state_history as "stateHistory", b.remote, b.data_analysis as "dataAnalysis", b.resources,
         b.cost_estimate as "costEstimate", b.cost_actual as "costActual", b.event_log as "eventLog"
    from batches b join runs r using (run_id)`;

export interface BatchFilter {
  runId?: string;
  /** States as the ledger has them, not the public ones. */
  states?: readonly string[];
  engine?: string;
  limit: number;
}

/** The newest first. */
export async function listBatchRecords(database: Database, filter: BatchFilter): Promise<BatchRecord[]> {
  const found = await database.query<BatchRecord>(
    `${select}
      where ($1::uuid is null or b.run_id = $1) and ($2::text[] is null or b.state = any ($2))
        and ($3::text is null or b.engine = $3)
      order by b.submitted_at desc, b.batch_id limit $4`,
    [filter.runId ?? null, filter.states ?? null, filter.engine ?? null, filter.limit],
  );
  return found.rows;
}

/** All of a run, in the order in which they were sent. */
export async function readBatchRecords(database: Database, runId: string): Promise<BatchRecord[]> {
  const found = await database.query<BatchRecord>(
    `${select} where b.run_id = $1 order by b.submitted_at, b.batch_id`,
    [runId],
  );
  return found.rows;
}

export async function findBatchRecord(database: Database, batchId: string): Promise<BatchRecord | undefined> {
  const found = await database.query<BatchRecord>(`${select} where b.batch_id = $1`, [batchId]);
  return found.rows[0];
}

/** The newest ids: among them the one that somebody has mistyped. */
export async function newestBatchIds(database: Database, limit: number): Promise<string[]> {
  const found = await database.query<{ id: string }>(
    'select batch_id as id from batches order by submitted_at desc limit $1',
    [limit],
  );
  return found.rows.map(({ id }) => id);
}

/** Batches of a run that did not go where they were to go, for one reason. */
export interface FallenBack {
  from: string;
  to: string;
  reason: string;
  batches: number;
}

export async function readFallbacks(database: Database, runId: string): Promise<FallenBack[]> {
  const found = await database.query<FallenBack>(
    `select fallback_from as "from", engine as "to", coalesce(fallback_reason, 'no reason is noted') as reason,
            count(*)::integer as batches
       from batches
      where run_id = $1 and fallback_from is not null
      group by 1, 2, 3
      order by min(submitted_at)`,
    [runId],
  );
  return found.rows;
}

/** In one line: which engine was asked for, and why it is not used. */
export function fallbackText({ from, to, reason, batches }: FallenBack): string {
  const sentence = /[.!?]$/.test(reason) ? reason : `${reason}.`;
  const went = batches === 1 ? '1 batch went' : `${batches} batches went`;
  return `${from} was asked for and is not used: ${sentence} ${went} to ${to}.`;
}

/** The tracking record under the names of the seed's document. */
export interface ExportedRecord {
  /** What the batch is for: the same for every attempt. */
  job_id: string;
  batch_id: string;
  display_id: string;
  batch_name: string | null;
  operation: string | null;
  request_id: string | null;
  job: string;
  /** The engine by the name that the document has for it, or `queue`. */
  execution_mode: string;
  /** Where it ran; for the mode `queue` that is the choice of the fleet that served it. */
  engine: string;
  fallback_from: string | null;
  fallback_reason: string | null;
  submission_time: string;
  started_at: string | null;
  finished_at: string | null;
  state: PublicState;
  state_message: string | null;
  /** In the ledger's own states, which are finer. */
  state_history: StateChange[];
  error_type: string | null;
  config: unknown;
  data_analysis: DataSize | null;
  executors: number | null;
  resources: Resources | null;
  properties: unknown;
  runtime_version: string | null;
  container_image: string | null;
  app_id: string | null;
  output_uri: string | null;
  usage: Record<string, number | string> | null;
  cost_estimate: Cost | null;
  cost_actual: Cost | null;
  event_log: EventLogSummary | null;
  result: Record<string, unknown> | null;
  workflow_id: string;
  workflow_run_id: string;
  run_id: string;
  run_key: string;
  unit: string;
  attempt: number;
}

/** Holds no secret: none gets into the ledger, and what looks like one is left out here all the same. */
export function exportRecord(batch: BatchRecord, config: Pick<EngineConfig, 'engines'>): ExportedRecord {
  const { remote } = batch;
  const shown = publicState(batch.state);
  const used = { ...batch.usage, ...remote.approximateUsage };
  return {
    job_id: `${batch.runKey}/${batch.unit}`,
    batch_id: batch.batchId,
    display_id: displayId(batch),
    batch_name: remote.batchName ?? null,
    operation: remote.operation ?? null,
    request_id: batch.requestId,
    job: batch.job,
    execution_mode: executionMode(batch, config),
    engine: batch.engine,
    fallback_from: batch.fallbackFrom,
    fallback_reason: batch.fallbackReason,
    submission_time: batch.submittedAt.toISOString(),
    started_at: batch.startedAt?.toISOString() ?? null,
    finished_at: batch.finishedAt?.toISOString() ?? null,
    state: shown.state,
    state_message: batch.stateMessage ?? shown.text ?? null,
    state_history: batch.stateHistory,
    error_type: batch.errorType,
    config: withoutSecrets(batch.request),
    data_analysis: batch.dataAnalysis,
    executors: batch.resources?.executors ?? null,
    resources: batch.resources,
    properties: remote.properties === undefined ? null : withoutSecrets(remote.properties),
    runtime_version: remote.runtimeVersion ?? null,
    container_image: remote.containerImage ?? null,
    app_id: remote.appId ?? null,
    output_uri: remote.outputUri ?? null,
    usage: Object.keys(used).length === 0 ? null : used,
    cost_estimate: batch.costEstimate,
    cost_actual: batch.costActual,
    event_log: batch.eventLog,
    result: batch.result,
    workflow_id: batch.workflowId,
    workflow_run_id: batch.workflowRunId,
    run_id: batch.runId,
    run_key: batch.runKey,
    unit: batch.unit,
    attempt: batch.attempt,
  };
}

export function executionMode(
  { engine, runEngine }: Pick<BatchRecord, 'engine' | 'runEngine'>,
  config: Pick<EngineConfig, 'engines'>,
): string {
  if (runEngine === 'queue') return runEngine;
  return config.engines[engine]?.definition.exportedAs ?? engine;
}

/**
 * The seed's readable id, `<prefix>-<job>-<yyyymmdd>-<hhmmss>`, with the time (UTC) at which the ledger took the batch:
 * that of a run's claim would become another when the run is taken over.
 */
export function displayId({
  batchId,
  job,
  submittedAt,
}: Pick<Batch, 'batchId' | 'job' | 'submittedAt'>): string {
  const time = submittedAt.toISOString().replaceAll(/[-:]/g, '');
  const name = job
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return `${prefixOf(batchId, name)}-${name}-${time.slice(0, 8)}-${time.slice(9, 15)}`;
}

/** What stands before the job in a batch's id, where the job may have been cut. */
function prefixOf(batchId: string, name: string): string {
  const head = batchId.replace(/-[0-9a-f]{8}$/, '');
  for (let length = name.length; length > 0; length--) {
    const part = `-${name.slice(0, length)}`;
    if (head.endsWith(part)) return head.slice(0, -part.length);
  }
  return head;
}

const secretName =
  /password|passwd|passphrase|credential|private_?key|api_?key|(?:access|auth|bearer|refresh)_?token|webhook|database_?url|secret/i;
const secretsName = /^projects\/[^/]+\/secrets\//;
const hidden = '(removed)';

function withoutSecrets(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => withoutSecrets(each, name));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutSecrets(each, key)]));
  }
  if (typeof value !== 'string') return value;
  // The name of a secret is none.
  if (secretName.test(name) && !secretsName.test(value)) return hidden;
  return value.replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]+@/gi, `$1:${hidden}@`);
}
