import { readFileSync } from 'node:fs';
import { homedir, availableParallelism } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { realFolder } from '../setup/places.mjs';
import { loadCostRates } from './cost-rates.ts';
import type { EngineConfig } from './engines/engine.ts';
import { shippedEngines } from './engines/index.ts';
import type { EngineRegistry } from './engines/index.ts';
import { detectMode } from './engines/mode.ts';
import * as values from './environment-values.ts';
import type { Environment } from './environment-values.ts';
import { Failure, fileProblem } from './failures.ts';
import { sinkNames } from './kinds/backfill/planning/sink-names.ts';
import type { SinkName } from './kinds/backfill/planning/sink-names.ts';
import { parseProperties } from './planning/spark-properties.ts';
import { readSourceSettings } from './sources/settings.ts';
import type { SourceSettings } from './sources/settings.ts';

/**
 * Everything that can be set from outside, read and checked once. No other file reads the environment; every variable
 * stands in docs/configuration.md.
 */
export interface Config extends EngineConfig {
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

  /** Where batches go unless a run asks for something else: an engine of `engines`, or the queue. */
  mode: string;
  /** The engine of a worker that serves the queue. */
  queueEngine: string;
  /** Oddities of the environment that are no errors; printed by what starts with it. */
  warnings: string[];
  /** Whether batches run locally where their engine cannot be set up. */
  sparkFallback: boolean;
  /** `warm` shares one JVM, `isolated` gives every batch its own. */
  sparkLocalWarm: boolean;
  sparkSlots: number;
  /** The keeper's Unix socket, where it is not the stack's own. */
  sparkSocket: string | undefined;
  batchPrefix: string;
  /** The label `user` of batches. */
  user: string;
  /** Where models lie that are too large for their table: a folder or `gs://…`; unset means the engine's own place. */
  objects: string | undefined;
  /** Where the paths of forecasts go unless a run asks for something else. */
  sink: SinkName;

  /** Where the message about a run goes; a secret, like every webhook address. Unset means no message. */
  slackWebhookUrl: string | undefined;
  /** Where trainings are sent as runs of MLflow; unset means nowhere. It may hold a password, so jobs read it themselves. */
  trackingUri: string | undefined;
  /** The installation's own data set: what schedules run where they do not name one. */
  dataset: 'sample' | 'files' | 'live';
  datasetPath: string | undefined;
  /** Where data set `live` is fetched from. */
  sources: SourceSettings;
  logLevel: string;
  /** Tests only: a folder of named failure points (src/failpoints.ts). */
  failpoints: string | undefined;
}

export const taskQueues = {
  /** Workflows and light activities. */
  main: 'sevenfold',
  /** `runBatch`: hundreds of slots, because it only waits. */
  batch: 'sevenfold-batch',
  /** The same activities, served by another fleet: `launch.mjs worker --queue spark`. */
  spark: 'sevenfold-spark',
  /** What asks providers of live data; served by every ordinary worker. */
  fetch: 'sevenfold-fetch',
} as const;

/** Reads the environment; throws `InvalidInput` with the variable's name when a value makes no sense. */
export function readConfig(
  env: Environment = process.env,
  registry: EngineRegistry = shippedEngines,
): Config {
  const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '..');
  const cores = availableParallelism();
  const { mode, queueEngine, warnings } = detectMode(env, registry);
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
    queueEngine,
    warnings,
    sparkFallback: values.onOff(env, 'SPARK_FALLBACK', true),
    sparkLocalWarm: values.flag(env, 'SPARK_LOCAL_WARM', true),
    sparkDriverMemory: values.memory(env, 'SPARK_DRIVER_MEMORY', '4g'),
    sparkExecutorMemory: values.memory(env, 'SPARK_EXECUTOR_MEMORY', '4g'),
    sparkCores: values.count(env, 'SPARK_LOCAL_CORES', cores),
    sparkSlots: values.count(env, 'SPARK_LOCAL_SLOTS', Math.max(1, Math.floor(cores / 2))),
    sparkSocket: values.text(env, 'SEVENFOLD_SPARK_SOCKET'),
    sparkProperties: parseProperties(values.text(env, 'SPARK_PROPERTIES') ?? ''),
    executors: { ...executorBounds(env), count: executorCount(env) },
    engines: Object.fromEntries(
      Object.entries(registry).map(([name, definition]) => [name, definition.configure(env)]),
    ),
    batchPrefix: values.batchPrefix(env, 'SEVENFOLD_BATCH_PREFIX', 'sf'),
    user: values.text(env, 'USER') ?? values.text(env, 'LOGNAME') ?? 'unknown',
    objects: objects(env, checkout),
    sink: values.oneOf(env, 'SEVENFOLD_SINK', sinkNames, sinkNames[0]),
    extraJobFolders: (values.text(env, 'SEVENFOLD_JOB_FOLDERS') ?? '')
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => resolve(checkout, folder)),
    rates: loadCostRates(checkout),

    slackWebhookUrl: webhookUrl(env),
    trackingUri: values.text(env, 'MLFLOW_TRACKING_URI'),
    dataset: values.oneOf(env, 'SEVENFOLD_DATASET', ['sample', 'files', 'live'], 'sample'),
    datasetPath: values.text(env, 'SEVENFOLD_DATASET_PATH'),
    sources: readSourceSettings(env),
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

/** What the service itself takes for spark.executor.instances. */
const [fewestExecutors, mostExecutors] = [2, 2_000];

/** Named after the first engine that had them; all engines keep to them. */
function executorBounds(env: Environment): { min: number; max: number } {
  const min = values.count(env, 'DATAPROC_MIN_EXECUTORS', 2, fewestExecutors, mostExecutors);
  const max = values.count(env, 'DATAPROC_MAX_EXECUTORS', Math.max(100, min), fewestExecutors, mostExecutors);
  if (min > max) {
    throw new Failure(
      'InvalidInput',
      `DATAPROC_MIN_EXECUTORS is ${min} and DATAPROC_MAX_EXECUTORS is ${max}: the first must not be above the second.`,
    );
  }
  return { min, max };
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
    throw new Failure('InvalidInput', `SLACK_WEBHOOK_URL_FILE names ${file}, which ${fileProblem(error)}.`);
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
