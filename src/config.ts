import { readFileSync } from 'node:fs';
import { homedir, availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from './failures.ts';

/** Everything that can be set from outside, read and checked once. No other file reads the environment. */
export interface Config {
  /** The folder that holds package.json. */
  checkout: string;
  /** Databases, logs, reports, batches: `.sevenfold/`, ignored by git. */
  stateFolder: string;
  /** Downloads and built binaries, shared by all checkouts of a user. */
  cacheFolder: string;
  /** Set where PostgreSQL is somebody else's; unset means the embedded one. */
  databaseUrl: string | undefined;
  /** Set where Temporal is somebody else's (address, or a profile of the `temporal` command line); unset means the embedded one. */
  temporalAddress: string | undefined;
  temporalNamespace: string;
  temporalProfile: string | undefined;
  /** `warm` shares one JVM, `isolated` gives every batch its own. */
  sparkLocalWarm: boolean;
  sparkDriverMemory: string;
  sparkCores: number;
  sparkSlots: number;
  /** The keeper's Unix socket, where it is not the stack's own. */
  sparkSocket: string | undefined;
  batchPrefix: string;
  /** Where the message about a run goes; a secret, like every webhook address. Unset means no message. */
  slackWebhookUrl: string | undefined;
  /** The installation's own data set: what schedules run where they do not name one. */
  dataset: 'sample' | 'files';
  datasetPath: string | undefined;
  logLevel: string;
  /** Tests only: a folder of named failure points (src/failpoints.ts). */
  failpoints: string | undefined;
}

export const taskQueues = {
  /** Workflows and light activities. */
  main: 'sevenfold',
  /** `runBatch`: hundreds of slots, because it only waits. */
  batch: 'sevenfold-batch',
} as const;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Reads the environment; throws `InvalidInput` with the variable's name when a value makes no sense. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '..');
  const cores = availableParallelism();
  return {
    checkout,
    stateFolder: resolve(checkout, text(env, 'SEVENFOLD_STATE') ?? '.sevenfold'),
    cacheFolder: resolve(
      text(env, 'SEVENFOLD_CACHE') ??
        join(text(env, 'XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'sevenfold'),
    ),
    databaseUrl: databaseUrl(env),
    temporalAddress: text(env, 'TEMPORAL_ADDRESS'),
    temporalNamespace: text(env, 'TEMPORAL_NAMESPACE') ?? 'default',
    temporalProfile: text(env, 'TEMPORAL_PROFILE'),
    sparkLocalWarm: flag(env, 'SPARK_LOCAL_WARM', true),
    sparkDriverMemory: memory(env, 'SPARK_DRIVER_MEMORY', '4g'),
    sparkCores: count(env, 'SPARK_LOCAL_CORES', cores),
    sparkSlots: count(env, 'SPARK_LOCAL_SLOTS', Math.max(1, Math.floor(cores / 2))),
    sparkSocket: text(env, 'SEVENFOLD_SPARK_SOCKET'),
    batchPrefix: text(env, 'SEVENFOLD_BATCH_PREFIX') ?? 'sf',
    slackWebhookUrl: webhookUrl(env),
    dataset: oneOf(env, 'SEVENFOLD_DATASET', ['sample', 'files'], 'sample') as Config['dataset'],
    datasetPath: text(env, 'SEVENFOLD_DATASET_PATH'),
    logLevel: oneOf(env, 'LOG_LEVEL', logLevels, 'info'),
    failpoints: text(env, 'SEVENFOLD_FAILPOINTS'),
  };
}

function text(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function flag(env: NodeJS.ProcessEnv, name: string, fallback: boolean): boolean {
  const value = text(env, name);
  return value === undefined ? fallback : /^(1|true|yes)$/i.test(value);
}

function count(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = text(env, name);
  if (value === undefined) return fallback;
  if (!/^[1-9]\d{0,4}$/.test(value)) {
    throw new Failure('InvalidInput', `${name} is "${value}", but must be a whole number of at least 1.`);
  }
  return Number(value);
}

function memory(env: NodeJS.ProcessEnv, name: string, fallback: string): string {
  const value = text(env, name) ?? fallback;
  if (!/^[1-9]\d*[mg]$/i.test(value)) {
    throw new Failure('InvalidInput', `${name} is "${value}", but must be a size such as 512m or 4g.`);
  }
  return value.toLowerCase();
}

function oneOf(env: NodeJS.ProcessEnv, name: string, allowed: string[], fallback: string): string {
  const value = text(env, name) ?? fallback;
  if (!allowed.includes(value)) {
    throw new Failure('InvalidInput', `${name} is "${value}", but must be one of ${allowed.join(', ')}.`);
  }
  return value;
}

/** `SLACK_WEBHOOK_URL`, or the content of the file that `SLACK_WEBHOOK_URL_FILE` names. */
function webhookUrl(env: NodeJS.ProcessEnv): string | undefined {
  const file = text(env, 'SLACK_WEBHOOK_URL_FILE');
  const url = text(env, 'SLACK_WEBHOOK_URL') ?? (file === undefined ? undefined : secretIn(file));
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
function databaseUrl(env: NodeJS.ProcessEnv): string | undefined {
  const whole = text(env, 'DATABASE_URL');
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
  const host = text(env, 'DB_HOST');
  if (host === undefined) return undefined;
  const url = new URL(
    `postgresql://${host}:${text(env, 'DB_PORT') ?? '5432'}/${text(env, 'DB_NAME') ?? 'sevenfold'}`,
  );
  url.username = text(env, 'DB_USER') ?? '';
  url.password = text(env, 'DB_PASSWORD') ?? '';
  return url.href;
}
