import type { FailureType } from '../failures.ts';

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
}

export function isTerminal(state: BatchState): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED' || state === 'CANCELLED' || state === 'TIMED_OUT';
}

/** Where batches run. Every method may be called again at any time, by any worker. */
export interface Engine {
  readonly name: 'local' | 'standalone' | 'dataproc';
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
  close(): Promise<void>;
}
