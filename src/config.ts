import { readFileSync } from 'node:fs';
import { homedir, availableParallelism } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { realFolder } from '../setup/places.mjs';
import { loadCostRates } from './cost-rates.ts';
import * as values from './environment-values.ts';
import type { Environment } from './environment-values.ts';
import { Failure } from './failures.ts';
import type { Rates } from './planning/cost.ts';
import { detectMode } from './planning/execution-mode.ts';
import type { Mode } from './planning/placement-input.ts';
import { parseProperties } from './planning/spark-properties.ts';

/**
 * Everything that can be set from outside, read and checked once. No other file reads the environment; every variable
 * stands in docs/configuration.md.
 */
export interface Config {
  /** The folder that holds package.json. */
  checkout: string;
  /** Databases, logs, reports, batches: `.sevenfold/`, ignored by git. By its real path, whatever links lead to it. */
  stateFolder: string;
  /** Downloads and built binaries, shared by all checkouts of a user. */
  cacheFolder: string;
  /** Set where PostgreSQL is somebody else's; unset means the embedded one. */
  databaseUrl: string | undefined;
  /** Set where Temporal is somebody else's (address, or a profile of the `temporal` command line); unset means the embedded one. */
  temporalAddress: string | undefined;
  temporalNamespace: string;
  temporalProfile: string | undefined;

  /** Where batches go, unless a run asks for something else. */
  mode: Mode;
  /** The same for a worker that serves the queue. */
  modeBehindQueue: Exclude<Mode, 'queue'>;
  /** What is odd about the environment and yet no error; for whoever starts something by it. */
  warnings: string[];
  /** Whether batches run locally where their engine cannot be set up. */
  sparkFallback: boolean;
  /** `warm` shares one JVM, `isolated` gives every batch its own. */
  sparkLocalWarm: boolean;
  /** Of a driver on this machine. */
  sparkDriverMemory: string;
  /** Of an executor of a standalone cluster. */
  sparkExecutorMemory: string;
  sparkCores: number;
  sparkSlots: number;
  /** The keeper's Unix socket, where it is not the stack's own. */
  sparkSocket: string | undefined;
  /** Beside what we set ourselves, for batches on a cluster. */
  sparkProperties: Record<string, string>;
  /** Instead of what the size of the data asks for. */
  executorCount: number | undefined;
  standalone: {
    /** `spark://host:port` */
    masterUrl: string | undefined;
    /** Where the master shows its state as JSON. */
    masterUi: string;
  };
  dataproc: DataprocSettings;
  batchPrefix: string;
  /** The label `user` of batches. */
  user: string;
  /** Where models lie that are too large for their table: a folder or `gs://…`; unset means the engine's own place. */
  objects: string | undefined;
  /** Folders beside spark/ that hold a package sevenfold_jobs. */
  extraJobFolders: string[];
  /** What the cloud charges (config/cost-rates.json). */
  rates: Rates;

  /** Where the message about a run goes; a secret, like every webhook address. Unset means no message. */
  slackWebhookUrl: string | undefined;
  /** The installation's own data set: what schedules run where they do not name one. */
  dataset: 'sample' | 'files';
  datasetPath: string | undefined;
  logLevel: string;
  /** Tests only: a folder of named failure points (src/failpoints.ts). */
  failpoints: string | undefined;
}

export interface DataprocSettings {
  /** Variables without which no batch can be sent. No error: it is a reason to run locally. */
  missing: string[];
  projectId: string | undefined;
  region: string | undefined;
  /** Code, jars, requests. Bare names, never `gs://`. */
  tempBucket: string | undefined;
  resultsBucket: string | undefined;
  batchPrefix: string;
  runtimeVersion: string;
  containerImage: string | undefined;
  serviceAccount: string | undefined;
  subnetwork: string | undefined;
  minExecutors: number;
  maxExecutors: number;
  /** Memory that was asked for by a variable; unset, the size of the data decides. */
  executorMemoryGb: number | undefined;
  driverMemoryGb: number | undefined;
  /** The secret that holds the database's address, by its name. */
  databaseSecret: string | undefined;
  /** Tests only: services on this machine. */
  emulator: { host: string; port: number } | undefined;
  storageEndpoint: string | undefined;
  secretEndpoint: string | undefined;
}

export const taskQueues = {
  /** Workflows and light activities. */
  main: 'sevenfold',
  /** `runBatch`: hundreds of slots, because it only waits. */
  batch: 'sevenfold-batch',
  /** The same activities, served by another fleet: `launch.mjs worker --queue spark`. */
  spark: 'sevenfold-spark',
} as const;

/** Reads the environment; throws `InvalidInput` with the variable's name when a value makes no sense. */
export function readConfig(env: Environment = process.env): Config {
  const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '..');
  const cores = availableParallelism();
  const { mode, behindQueue, warnings } = detectMode({ variables: env });
  return {
    checkout,
    stateFolder: realFolder(resolve(checkout, values.text(env, 'SEVENFOLD_STATE') ?? '.sevenfold')),
    cacheFolder: resolve(
      values.text(env, 'SEVENFOLD_CACHE') ??
        join(values.text(env, 'XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'sevenfold'),
    ),
    databaseUrl: databaseUrl(env),
    temporalAddress: values.text(env, 'TEMPORAL_ADDRESS'),
    temporalNamespace: values.text(env, 'TEMPORAL_NAMESPACE') ?? 'default',
    temporalProfile: values.text(env, 'TEMPORAL_PROFILE'),

    mode,
    modeBehindQueue: behindQueue,
    warnings,
    sparkFallback: values.onOff(env, 'SPARK_FALLBACK', true),
    sparkLocalWarm: values.flag(env, 'SPARK_LOCAL_WARM', true),
    sparkDriverMemory: values.memory(env, 'SPARK_DRIVER_MEMORY', '4g'),
    sparkExecutorMemory: values.memory(env, 'SPARK_EXECUTOR_MEMORY', '4g'),
    sparkCores: values.count(env, 'SPARK_LOCAL_CORES', cores),
    sparkSlots: values.count(env, 'SPARK_LOCAL_SLOTS', Math.max(1, Math.floor(cores / 2))),
    sparkSocket: values.text(env, 'SEVENFOLD_SPARK_SOCKET'),
    sparkProperties: parseProperties(values.text(env, 'SPARK_PROPERTIES') ?? ''),
    executorCount: executorCount(env),
    standalone: standaloneSettings(env),
    dataproc: dataprocSettings(env),
    batchPrefix: values.batchPrefix(env, 'SEVENFOLD_BATCH_PREFIX', 'sf'),
    user: values.text(env, 'USER') ?? values.text(env, 'LOGNAME') ?? 'unknown',
    objects: objects(env, checkout),
    extraJobFolders: (values.text(env, 'SEVENFOLD_JOB_FOLDERS') ?? '')
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => resolve(checkout, folder)),
    rates: loadCostRates(checkout),

    slackWebhookUrl: webhookUrl(env),
    dataset: values.oneOf(env, 'SEVENFOLD_DATASET', ['sample', 'files'], 'sample'),
    datasetPath: values.text(env, 'SEVENFOLD_DATASET_PATH'),
    logLevel: values.logLevel(env, 'LOG_LEVEL'),
    failpoints: values.text(env, 'SEVENFOLD_FAILPOINTS'),
  };
}

function executorCount(env: Environment): number | undefined {
  if (values.text(env, 'SPARK_EXECUTOR_COUNT')?.toLowerCase() === 'auto') return undefined;
  const given = values.matching(
    env,
    'SPARK_EXECUTOR_COUNT',
    /^[1-9]\d{0,3}$/,
    '"auto" or a whole number of at least 1',
  );
  return given === undefined ? undefined : Number(given);
}

function standaloneSettings(env: Environment): Config['standalone'] {
  const masterUrl = values.matching(
    env,
    'SPARK_MASTER_URL',
    /^spark:\/\/[^\s:,/]+:\d{1,5}(?:,[^\s:,/]+:\d{1,5})*$/,
    "a master's address such as spark://host:7077, several masters as spark://one:7077,two:7077",
  );
  const given = values.address(env, 'SPARK_MASTER_UI_URL');
  return { masterUrl, masterUi: given?.href.replace(/\/$/, '') ?? usualMasterUi(masterUrl) };
}

/** Where a master shows its state unless it was told otherwise. */
export function usualMasterUi(masterUrl: string | undefined): string {
  const host = /^spark:\/\/([^:]+):/.exec(masterUrl ?? '')?.[1] ?? '127.0.0.1';
  return `http://${host}:8080`;
}

/** What the service itself takes for spark.executor.instances. */
const [fewestExecutors, mostExecutors] = [2, 2_000];

function dataprocSettings(env: Environment): DataprocSettings {
  const projectId = projectOf(env);
  const region = values.matching(
    env,
    'GCP_REGION',
    /^[a-z]+-[a-z]+\d{1,2}$/,
    'a region such as us-central1 (not a zone)',
  );
  const usualBucket = `${projectId}-automl-temp`;
  const tempBucket =
    values.bucket(env, 'GCP_TEMP_BUCKET') ??
    (projectId !== undefined && values.isBucketName(usualBucket) ? usualBucket : undefined);
  const needed = { GCP_PROJECT_ID: projectId, GCP_REGION: region, GCP_TEMP_BUCKET: tempBucket };
  const minExecutors = values.count(env, 'DATAPROC_MIN_EXECUTORS', 2, fewestExecutors, mostExecutors);
  const maxExecutors = values.count(
    env,
    'DATAPROC_MAX_EXECUTORS',
    Math.max(100, minExecutors),
    fewestExecutors,
    mostExecutors,
  );
  if (minExecutors > maxExecutors) {
    throw new Failure(
      'InvalidInput',
      `DATAPROC_MIN_EXECUTORS is ${minExecutors} and DATAPROC_MAX_EXECUTORS is ${maxExecutors}: the first must not be above the second.`,
    );
  }
  return {
    // The bucket's name hangs on the project's: with the project it is there, too.
    missing: Object.entries(needed).flatMap(([name, value]) =>
      value !== undefined || (name === 'GCP_TEMP_BUCKET' && projectId === undefined) ? [] : [name],
    ),
    projectId,
    region,
    tempBucket,
    resultsBucket: values.bucket(env, 'GCP_RESULTS_BUCKET') ?? tempBucket,
    batchPrefix: values.batchPrefix(env, 'DATAPROC_BATCH_ID_PREFIX', 'automl-spark'),
    runtimeVersion:
      values.matching(
        env,
        'DATAPROC_RUNTIME_VERSION',
        /^[1-9]\d*\.\d+(?:\.\d+)?$/,
        'a version such as 1.2',
      ) ?? '1.2',
    containerImage: values.matching(
      env,
      'DATAPROC_CONTAINER_IMAGE',
      /^[a-z0-9][\w./:@-]*$/,
      'the name of an image such as us-docker.pkg.dev/project/repository/name:tag',
    ),
    serviceAccount: values.matching(
      env,
      'DATAPROC_SERVICE_ACCOUNT',
      /^[^\s@]+@[^\s@]+$/,
      "a service account's address such as name@project.iam.gserviceaccount.com",
    ),
    subnetwork: values.matching(
      env,
      'DATAPROC_SUBNETWORK',
      /^(?:https:\/\/\S+\/)?[a-z0-9.:/_-]+$/,
      'the name of a subnetwork, or projects/…/regions/…/subnetworks/…',
    ),
    minExecutors,
    maxExecutors,
    executorMemoryGb: askedMemory(env, 'SPARK_EXECUTOR_MEMORY'),
    driverMemoryGb: askedMemory(env, 'SPARK_DRIVER_MEMORY'),
    databaseSecret: values.matching(
      env,
      'SEVENFOLD_DATABASE_SECRET',
      /^projects\/[^/\s]+\/secrets\/[\w-]{1,255}\/versions\/(?:latest|[1-9]\d*)$/,
      'the name of a secret: projects/…/secrets/…/versions/latest',
    ),
    emulator: emulatorOf(env),
    storageEndpoint: storageEndpoint(env),
    secretEndpoint: values.loopbackAddress(env, 'SECRET_MANAGER_ENDPOINT')?.origin,
  };
}

function projectOf(env: Environment): string | undefined {
  const name = values.text(env, 'GCP_PROJECT_ID') === undefined ? 'GOOGLE_CLOUD_PROJECT' : 'GCP_PROJECT_ID';
  // Old projects of a domain are called example.com:name.
  return values.matching(
    env,
    name,
    /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
    'a project\'s id (not its number or title): 6 to 30 of a-z, 0-9 and "-", a letter first',
  );
}

function askedMemory(env: Environment, name: string): number | undefined {
  return values.text(env, name) === undefined ? undefined : values.gigabytes(values.memory(env, name, ''));
}

function emulatorOf(env: Environment): DataprocSettings['emulator'] {
  const host = values.text(env, 'DATAPROC_API_ENDPOINT');
  const insecure = values.flag(env, 'DATAPROC_INSECURE', false);
  const port = values.count(env, 'DATAPROC_API_PORT', 443, 1, 65_535);
  if (host !== undefined && /[/\s]|^[^:]+:\d+$/.test(host)) {
    values.refuse('DATAPROC_API_ENDPOINT', host, 'a host alone: its port goes into DATAPROC_API_PORT');
  }
  if (insecure && (host === undefined || !values.isLoopback(host))) {
    throw new Failure(
      'InvalidInput',
      `DATAPROC_INSECURE is set, but DATAPROC_API_ENDPOINT is ${host === undefined ? 'not' : `"${host}"`}: without TLS and credentials only a service on this machine (127.0.0.1) is talked to.`,
    );
  }
  if (host !== undefined && !insecure) {
    throw new Failure(
      'InvalidInput',
      `DATAPROC_API_ENDPOINT is "${host}", but it is for tests only, and then DATAPROC_INSECURE must be true; the real service is found by GCP_REGION.`,
    );
  }
  return host === undefined ? undefined : { host, port };
}

/** Google's library takes the variable as it stands, and without the path every call is answered with 500. */
function storageEndpoint(env: Environment): string | undefined {
  const url = values.loopbackAddress(env, 'STORAGE_EMULATOR_HOST');
  if (url !== undefined && url.pathname.replace(/\/$/, '') !== '/storage/v1') {
    values.refuse('STORAGE_EMULATOR_HOST', url.href, `${url.origin}/storage/v1`);
  }
  return url?.origin;
}

function objects(env: Environment, checkout: string): string | undefined {
  const value = values.text(env, 'SEVENFOLD_OBJECTS')?.replace(/\/+$/, '');
  if (value === undefined || value === '') return undefined;
  if (!/^[a-z0-9]+:\/\//i.test(value)) return resolve(checkout, value);
  const bucket = /^gs:\/\/([^/]+)(?:\/[^\s]+)?$/.exec(value)?.[1];
  if (bucket !== undefined && values.isBucketName(bucket)) return value;
  return values.refuse('SEVENFOLD_OBJECTS', value, 'a folder, or gs://bucket/folder');
}

/** `SLACK_WEBHOOK_URL`, or the content of the file that `SLACK_WEBHOOK_URL_FILE` names. */
function webhookUrl(env: Environment): string | undefined {
  const file = values.text(env, 'SLACK_WEBHOOK_URL_FILE');
  const url = values.text(env, 'SLACK_WEBHOOK_URL') ?? (file === undefined ? undefined : secretIn(file));
  // The address itself is the secret: never repeat it.
  if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
    throw new Failure(
      'InvalidInput',
      'The Slack webhook is not an http(s) address: check SLACK_WEBHOOK_URL.',
    );
  }
  return url;
}

function secretIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Failure(
      'InvalidInput',
      `SLACK_WEBHOOK_URL_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}

/** `DATABASE_URL`, or the parts `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER`, `DB_PASSWORD` where it is not set. */
function databaseUrl(env: Environment): string | undefined {
  const whole = values.text(env, 'DATABASE_URL');
  if (whole !== undefined) {
    const url = URL.canParse(whole) ? new URL(whole) : undefined;
    if (url === undefined || !['postgres:', 'postgresql:'].includes(url.protocol)) {
      // The value may hold a password: never repeat it.
      throw new Failure(
        'InvalidInput',
        'DATABASE_URL is not a PostgreSQL address; it must look like postgresql://user:password@host:5432/name.',
      );
    }
    return whole;
  }
  // A name, an IPv4 address or one of IPv6 in brackets.
  const host = values.matching(
    env,
    'DB_HOST',
    /^(?:[\w.-]+|\[[\da-f:.]+\])$/i,
    'a host alone: its port goes into DB_PORT',
  );
  if (host === undefined) return undefined;
  const port = values.count(env, 'DB_PORT', 5432, 1, 65_535);
  const name = encodeURIComponent(values.text(env, 'DB_NAME') ?? 'sevenfold');
  const url = new URL(`postgresql://${host}:${port}/${name}`);
  url.username = values.text(env, 'DB_USER') ?? '';
  url.password = values.text(env, 'DB_PASSWORD') ?? '';
  return url.href;
}
