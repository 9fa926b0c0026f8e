import type { Environment } from '../environment-values.ts';
import type { FailureType } from '../failures.ts';
import type { Cost, Rates } from '../planning/cost.ts';
import type { DataSize } from '../planning/data-size.ts';
import type { Resources } from '../planning/executors.ts';
import type { EventLogSummary } from './event-log.ts';

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

/** What the job itself reported about its end: `outcome.json`. */
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
  /** A summary of Spark's own event log, once it has ended. */
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

/** Has a batch of this state ended? Also asked of the ledger's own states. */
export function isTerminal(state: string): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED' || state === 'CANCELLED' || state === 'TIMED_OUT';
}

/**
 * A kind of engine: all that sevenfold knows of it. The registry (index.ts) holds one for each engine; nothing outside of
 * an engine's folder compares its name.
 */
export interface EngineDefinition {
  /** As it stands in the ledger, in inputs and in settings. */
  readonly name: string;
  /** As a sentence names it: `Dataproc`. */
  readonly title: string;
  /** Its word in SPARK_MODE, where that is not its name. */
  readonly sparkMode?: string;
  /** Its `execution_mode` in exported records, where the seed's document has another name for it. */
  readonly exportedAs?: string;
  /** Chosen over the queue by an environment that chooses both. */
  readonly outranksQueue?: boolean;
  /**
   * Whether its tasks read the files of this machine, so that they can share rows which no process holds: `by size`
   * where these tasks are on several machines, `on request` where they are not. Left out where they cannot.
   */
  readonly rowsInTasks?: RowsInTasks;
  /** Where its batches run for free: "this machine"; left out for an engine that bills. */
  readonly freeOn?: string;
  /** Those variables of the environment that choose it; SPARK_MODE is read for all engines. */
  chosenBy(variables: Environment): readonly string[];
  /** What is odd about the variables that choose it, and no error. */
  warnings?(variables: Environment): readonly string[];
  /** Reads its settings. Throws `InvalidInput` for a value that makes no sense; what is missing is a `problem`. */
  configure(variables: Environment): ConfiguredEngine;
}

export type RowsInTasks = 'by size' | 'on request';

/** An engine with its settings: everything about its batches that can be said without connecting to it. */
export interface ConfiguredEngine {
  readonly definition: EngineDefinition;
  /** The beginning of its batch ids, where it has one of its own. */
  readonly batchPrefix?: string;
  /** What the environment lacks for it, in one sentence; undefined where it can be connected to. */
  problem?(master?: string): string | undefined;
  /** Throws, before anything is sent, where it cannot be connected to: then batches may go elsewhere. */
  connect(context: EngineContext): Promise<Engine>;
  /** What a batch is given. */
  size(work: BatchWork, config: EngineConfig): Resources;
  /** What these resources cost for so many seconds. */
  price(resources: Resources, seconds: number, config: EngineConfig): Cost;
  /** What a batch did cost, where the engine meters its batches; undefined where it has not done so (yet). */
  bill?(remote: RemoteBatch | undefined, seconds: number, config: EngineConfig): Cost | undefined;
  /** The UUID by which a repeated create is the same create, where the engine takes one. */
  requestId?(batchId: string): string;
  /** Where things lie that are too large for a table, where its processes cannot read this machine's folder. */
  objectsRoot?(): string;
  /** Where the log of a batch lies, there or not; undefined where the engine has not said yet. */
  logPlace(batch: LoggedBatch, config: EngineConfig): string | undefined;
  /** What a batch wrote; undefined where nothing is kept. */
  readLog(batch: LoggedBatch, config: EngineConfig): Promise<string | undefined>;
}

/** What engines share of the configuration (src/config.ts). */
export interface EngineConfig {
  checkout: string;
  stateFolder: string;
  /** All engines of the installation by name, as the environment configures them. */
  engines: Readonly<Record<string, ConfiguredEngine>>;
  sparkCores: number;
  /** Memory of a driver on this machine. */
  sparkDriverMemory: string;
  /** Memory of an executor of a standalone cluster. */
  sparkExecutorMemory: string;
  /** Added to what we set ourselves, for batches on a cluster. */
  sparkProperties: Record<string, string>;
  /** Bounds of their number, and a number that overrides what the size of the data asks for. */
  executors: { min: number; max: number; count: number | undefined };
  /** Folders besides spark/ that hold a package sevenfold_jobs. */
  extraJobFolders: string[];
  /** What the cloud charges (config/cost-rates.json). */
  rates: Rates;
}

export interface EngineContext {
  config: EngineConfig;
  /** The socket of this machine's keeper. */
  sparkSocket: string;
  /** The cluster that a run names, instead of the one that is set. */
  master?: string;
  /** The engine of this machine, for engines whose drivers run here. */
  thisMachine: () => Promise<Engine>;
  log: { warn(message: string): void };
}

/** What a batch will do, as far as its size depends on it. */
export interface BatchWork {
  size: DataSize;
  /** How many different models it trains. */
  models: number;
  /** How many times the usual memory, after attempts that ran out of it. */
  memoryFactor: number;
  /** The cluster that was named for this batch alone. */
  master?: string;
  /** Memory of each Spark process that was asked for, for this batch alone: `4g`. */
  sparkMemory?: string;
}

export interface LoggedBatch {
  batchId: string;
  remote: Pick<RemoteBatch, 'outputUri'>;
}

/** A connected engine. Every method may be called again at any time, by any worker. */
export interface Engine {
  readonly name: string;
  /** How long a watcher lets one look wait for news: what many watchers of a remote batch can afford. */
  readonly lookMs: number;
  /** Throws `InvalidInput` for a request that it could never carry out; asks nobody. */
  check?(request: BatchRequest): void;
  /** The batch as the engine knows it, or undefined where it does not know it. */
  look(batchId: string): Promise<BatchObservation | undefined>;
  /** Starts the batch; with an id that exists it changes nothing. `environment` holds the secrets and is never stored. */
  create(request: BatchRequest, environment: Record<string, string>): Promise<BatchObservation>;
  /** Answers when the state is no longer `than`, or after `waitMs`; undefined where the engine does not know it. */
  lookForChange(
    batchId: string,
    than: BatchState | undefined,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<BatchObservation | undefined>;
  /** Ends the batch and all its processes and answers when they are gone. Unknown or ended batches are left as they are. */
  cancel(batchId: string): Promise<BatchObservation | undefined>;
  /** Keeps the record of an ended batch next to its results, where the engine has a place for it. */
  keepRecord?(batchId: string, record: object): Promise<void>;
  /** Batches with our labels that have not ended, as the engine knows them. */
  listOpen(): Promise<BatchObservation[]>;
  close(): Promise<void>;
}
