import type { FailureType } from '../failures.ts';
import type { EventLogSummary } from './event-log.ts';
import type { Resources } from '../planning/executors.ts';

/** What a job is asked to do, fixed before anything is sent. Holds no secret. */
export interface BatchRequest {
  /** `<prefix>-<job>-<8 hex>`; also the identity under which the batch is looked up and adopted. */
  batchId: string;
  /** A folder of spark/sevenfold_jobs, for example `pool_metrics`. */
  job: string;
  /** The job's own input, one JSON object. */
  input: Record<string, unknown>;
  /** Whose unit this is: the fence that the job must pass to commit. */
  fence: { runId: string; unit: string; attempt: number; fingerprint: string };
  /** 1 daily runs, 5 backfills: lower goes first. */
  priority: number;
  /** Hard limit, counted from RUNNING. */
  timeoutMs: number;
  /** Its own JVM instead of the shared warm one. */
  isolated: boolean;
  /** The cluster (`spark://…`) that does the work while the driver stays here; the standalone engine sets it. */
  master?: string;
  /** How many machines and how much memory, where an engine can choose them. */
  resources: Resources;
  /** Kept with the batch so that another worker, or a sweep, knows whose it is. */
  labels: Record<string, string>;
}

export type BatchState =
  'PENDING' | 'RUNNING' | 'CANCELLING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT';

export interface BatchUsage {
  seconds: number;
  cpuSeconds: number;
  peakMb: number;
}

/** What the job itself said of its end: `outcome.json`. */
export type Outcome = { usage?: { cpuSeconds: number; peakMb: number } } & (
  | { status: 'succeeded'; result: Record<string, unknown> }
  | { status: 'failed'; errorType: string; message: string }
);

/** What an engine sees of a batch. */
export interface BatchObservation {
  batchId: string;
  state: BatchState;
  /** For a failure: the last lines that matter, in words. */
  message?: string;
  errorType?: FailureType;
  /** What the job returned: ids and counts. */
  result?: Record<string, unknown>;
  usage?: BatchUsage;
  labels: Record<string, string>;
  startedAt?: string;
  finishedAt?: string;
  /** What the service that runs it calls it, and how it was set up there. */
  remote?: RemoteBatch;
  /** What Spark's own event log tells of it, once it has ended. */
  eventLog?: EventLogSummary;
}

/** A batch as another service knows it; each engine knows some of these. */
export interface RemoteBatch {
  /** The full resource name: `projects/…/locations/…/batches/…`. */
  batchName?: string;
  /** The long-running operation by which it is cancelled. */
  operation?: string;
  /** Spark's id of the application on a standalone cluster. */
  appId?: string;
  outputUri?: string;
  runtimeVersion?: string;
  containerImage?: string;
  properties?: Record<string, string>;
  /** As the service meters it; 64-bit numbers are strings there. */
  approximateUsage?: { milliDcuSeconds: string; shuffleStorageGbSeconds: string };
}

export function isTerminal(state: BatchState): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED' || state === 'CANCELLED' || state === 'TIMED_OUT';
}

/** The engines that run batches. `queue` is none of them: it is a task queue whose workers have one of these. */
export type EngineName = 'local' | 'standalone' | 'dataproc';

/** Where batches run. Every method may be called again at any time, by any worker. */
export interface Engine {
  readonly name: EngineName;
  /** How long a watcher lets one look wait for news: what many watchers of a remote batch can afford. */
  readonly lookMs: number;
  /** Throws `InvalidInput` for a request that it could never carry out; asks nobody. */
  check?(request: BatchRequest): void;
  /** The batch as the engine knows it, or undefined where it never heard of it. */
  look(batchId: string): Promise<BatchObservation | undefined>;
  /** Starts the batch; with an id that exists it changes nothing. `environment` holds the secrets and is never stored. */
  create(request: BatchRequest, environment: Record<string, string>): Promise<BatchObservation>;
  /** Answers when the state is no longer `than`, or after `waitMs`; undefined where the engine never heard of it. */
  lookForChange(
    batchId: string,
    than: BatchState | undefined,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<BatchObservation | undefined>;
  /** Ends the batch and all its processes and answers when they are gone. Unknown or ended batches are left as they are. */
  cancel(batchId: string): Promise<BatchObservation | undefined>;
  /** Keeps the record of an ended batch beside its results, where the engine has such a place. */
  keepRecord?(batchId: string, record: object): Promise<void>;
  /** Batches with our labels that have not ended, as the engine knows them. */
  listOpen(): Promise<BatchObservation[]>;
  close(): Promise<void>;
}
