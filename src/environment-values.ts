/** Readers of single variables for src/config.ts and the settings of engines: each refuses a value that makes no sense, by its name and in one line. */
import { Failure } from './failures.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Trimmed; undefined if nothing is left. */
export function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

const trueWords = ['1', 'true', 'yes', 'on', 'y', 't'];
const falseWords = ['0', 'false', 'no', 'off', 'n', 'f'];

/** The switch that a word stands for, in any case of letters; undefined for any other word. */
export function asSwitch(value: string): boolean | undefined {
  const word = value.trim().toLowerCase();
  if (trueWords.includes(word)) return true;
  return falseWords.includes(word) ? false : undefined;
}

/**
 * A switch among the variables; undefined if it is not set. A word that is neither true nor false is refused: a misspelt
 * one would send batches elsewhere, and nobody would notice.
 */
export function readSwitch(env: Environment, name: string): boolean | undefined {
  const value = text(env, name);
  if (value === undefined) return undefined;
  const meant = asSwitch(value);
  if (meant !== undefined) return meant;
  throw new Failure('InvalidInput', `${name} is "${value.slice(0, 40)}", but must be true or false.`);
}

export function flag(env: Environment, name: string, fallback: boolean): boolean {
  return readSwitch(env, name) ?? fallback;
}

/** As `flag`, for what people write as `on` and `off`. */
export function onOff(env: Environment, name: string, fallback: boolean): boolean {
  const value = text(env, name);
  if (value === undefined) return fallback;
  return asSwitch(value) ?? refuse(name, value, '"on" or "off"');
}

export function count(env: Environment, name: string, fallback: number, least = 1, most = 99_999): number {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  const bounds = most === 99_999 ? `of at least ${least}` : `from ${least} to ${most}`;
  return refuse(name, value, `a whole number ${bounds}`);
}

export function memory(env: Environment, name: string, fallback: string): string {
  return matching(env, name, /^[1-9]\d*[mg]$/i, 'a size such as 512m or 4g')?.toLowerCase() ?? fallback;
}

/** `4g` is 4, `512m` is 0.5. */
export function gigabytes(size: string): number {
  return Number.parseInt(size, 10) / (size.endsWith('g') ? 1 : 1024);
}

export function oneOf<const Value extends string>(
  env: Environment,
  name: string,
  allowed: readonly Value[],
  fallback: Value,
): Value {
  const value = text(env, name);
  if (value === undefined) return fallback;
  return (
    allowed.find((each) => each === value.toLowerCase()) ??
    refuse(name, value, `one of ${allowed.join(', ')}`)
  );
}

/** The value, if it matches `form`; `allowed` ends the sentence that refuses it. */
export function matching(env: Environment, name: string, form: RegExp, allowed: string): string | undefined {
  const value = text(env, name);
  return value === undefined || form.test(value) ? value : refuse(name, value, allowed);
}

const bucketName = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/;

/** A bucket by its bare name. */
export function bucket(env: Environment, name: string): string | undefined {
  const value = text(env, name);
  if (value?.startsWith('gs://') === true) {
    return refuse(name, value, `the bare name of a bucket: leave out "gs://"`);
  }
  return matching(
    env,
    name,
    bucketName,
    'the name of a bucket: 3 to 63 of a-z, 0-9, "-", "_" and ".", with a letter or digit at both ends',
  );
}

export function isBucketName(value: string): boolean {
  return bucketName.test(value);
}

/** The beginning of batch ids: what src/planning/batch-id.ts makes of it must leave room for the rest. */
export function batchPrefix(env: Environment, name: string, fallback: string): string {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const dashed = value
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  if (/^[a-z][a-z0-9-]{0,51}$/.test(dashed)) return dashed;
  return refuse(
    name,
    value,
    'the beginning of a batch id: a letter first, and at most 52 of a-z, 0-9 and "-"',
  );
}

export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

/** An http address. */
export function address(env: Environment, name: string): URL | undefined {
  const value = text(env, name);
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  return refuse(name, value, 'an http address such as http://127.0.0.1:8080');
}

/** An http address of this machine: what stands in for a cloud in tests must not be somebody else's. */
export function loopbackAddress(env: Environment, name: string): URL | undefined {
  const url = address(env, name);
  if (url === undefined || isLoopback(url.hostname)) return url;
  return refuse(name, url.href, 'an address of this machine (127.0.0.1): it is for tests only');
}

const levels: Readonly<Record<string, string>> = {
  ...{ trace: 'trace', debug: 'debug', info: 'info', warn: 'warn', error: 'error', fatal: 'fatal' },
  ...{ silent: 'silent', all: 'trace', verbose: 'debug', notice: 'info', information: 'info' },
  ...{ warning: 'warn', err: 'error', critical: 'fatal', off: 'silent', none: 'silent', quiet: 'silent' },
};

/** A log level, by the names that other programs have for it too: the variable is often set for all of them. */
export function logLevel(env: Environment, name: string): string {
  const value = text(env, name);
  if (value === undefined) return 'info';
  const word = value.toLowerCase();
  if (Object.hasOwn(levels, word)) return levels[word]!;
  return refuse(name, value, 'one of trace, debug, info, warn, error, fatal, silent');
}

export function refuse(name: string, value: string, allowed: string): never {
  throw new Failure('InvalidInput', `${name} is "${value}", but must be ${allowed}.`);
}
