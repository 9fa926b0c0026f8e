import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failures.ts';
import { readFields } from '../planning/input.ts';
import type { Guard, Guards } from '../planning/input.ts';

/** Days to keep each kind of data; null keeps it for ever. The portfolio's books are never removed. */
export interface RetentionPolicy {
  /** `<state>/batches`: requests, logs and outcomes of ended batches. */
  batchFolders: number | null;
  /** Logs that were rotated out. */
  oldLogs: number | null;
  reports: number | null;
  /** `<objects>/cv`: folds and arrays of fits, counted from the last run that used them. Results stay. */
  cvFolds: number | null;
  checks: number | null;
  batches: number | null;
  /** Ended runs that left no allocation and no evaluation; their units and settings go with them. */
  runs: number | null;
  alerts: number | null;
  /** What providers of live data answered: without it a day cannot be made again. */
  responses: number | null;
  forecastQuantiles: number | null;
  forecasts: number | null;
  /** Metrics of pools and the icebox. */
  metrics: number | null;
  /** Data from sources: history, prices, gas, macro series. */
  poolData: number | null;
}

/** Metrics and forecasts of a day read so far back. */
export const historyDays = 400;

const keepAtLeast =
  (least: number): Guard<number | null> =>
  (value) =>
    value === null || (Number.isInteger(value) && (value as number) >= least)
      ? { ok: true, value: value as number | null }
      : {
          ok: false,
          message: `is ${JSON.stringify(value)}, but must be null (for ever) or a whole number of days, at least ${least}.`,
        };

const guards: Guards<RetentionPolicy> = {
  batchFolders: keepAtLeast(1),
  oldLogs: keepAtLeast(1),
  reports: keepAtLeast(1),
  cvFolds: keepAtLeast(1),
  checks: keepAtLeast(1),
  batches: keepAtLeast(1),
  runs: keepAtLeast(1),
  alerts: keepAtLeast(1),
  // A day may read what was answered three days before.
  responses: keepAtLeast(4),
  forecastQuantiles: keepAtLeast(1),
  forecasts: keepAtLeast(1),
  metrics: keepAtLeast(historyDays),
  poolData: keepAtLeast(historyDays),
};

const file = 'config/retention.json';

/** Reads config/retention.json; a refusal is one line that names the field. */
export function loadRetention(checkout: string): RetentionPolicy {
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(join(checkout, file), 'utf8'));
  } catch (error) {
    throw new Failure('InvalidInput', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return readRetention(raw);
}

/** Every name must be present: how long data is kept should be read there, not guessed. */
export function readRetention(raw: unknown): RetentionPolicy {
  const required = Object.keys(guards) as (keyof RetentionPolicy)[];
  const read = readFields<RetentionPolicy>(raw, file, guards, required);
  if (!read.ok) throw new Failure('InvalidInput', read.message);
  return read.value;
}
