import type { FailureType } from '../failures.ts';
import { maximumTries } from './retry.ts';

/** What is known of how fast forecasts are made: rows (paths) a second, and seconds a date whatever its paths. */
export interface Throughput {
  rowsPerSecond: number;
}

/** Measured on two cores with 2,000 paths a date; used until the ledger knows better. */
export const usualThroughput: Throughput = { rowsPerSecond: 500_000 };

/** Long enough that submitting costs nothing to speak of, short enough that a daily run hardly waits. */
const secondsOfABatch = 8;
/** A date costs something even with one path; more dates than this make a request long and a failure broad. */
const mostDatesOfABatch = 1_000;
/** Dates in one Spark task, which is one transaction: 60 dates of 2,000 paths are 7 MB. */
export const datesOfATask = 60;

/** Training windows in one batch: a window takes a tenth of a second, whatever its range. */
export const windowsOfABatch = 200;

/** How many dates go into one batch. */
export function chunkSize(
  asked: 'auto' | number | undefined,
  paths: number,
  { rowsPerSecond }: Throughput = usualThroughput,
): number {
  if (typeof asked === 'number') return asked;
  const fitting = Math.floor((secondsOfABatch * rowsPerSecond) / paths);
  return Math.max(1, Math.min(mostDatesOfABatch, fitting));
}

/** A unit that has to be done: as the ledger knows it, in the order of its run. */
export interface OpenUnit {
  unit: string;
  modelVersion: string;
  /** Number of the chunk that it was last sent with; null where it never was sent. */
  chunk: number | null;
  tries: number;
  failureType: FailureType | null;
  reason: string | null;
}

export interface ChunkPlan {
  /** Units by chunk, in order. */
  chunks: string[][];
  /** Units that stay undone, with what becomes of them. */
  givenUp: { unit: string; verdict: 'quarantined' | 'failed' }[];
}

/**
 * What is sent next. Units that never failed are cut evenly into chunks of at most `size`, each of one model. What failed
 * by itself (a lost process, a full disk) is sent again as it was, a few times; what ran out of memory in halves. What
 * would fail again is split in two until the bad unit stands alone, which is then quarantined.
 */
export function planChunks(units: readonly OpenUnit[], size: number): ChunkPlan {
  const plan: ChunkPlan = { chunks: [], givenUp: [] };
  for (const model of groups(
    units.filter(({ failureType }) => failureType === null),
    ({ modelVersion }) => modelVersion,
  )) {
    plan.chunks.push(...evenly(model, size));
  }
  const failed = units.filter(({ failureType }) => failureType !== null);
  for (const group of groups(
    failed,
    ({ chunk, failureType, reason }) => `${chunk} ${failureType} ${reason}`,
  )) {
    repair(group, plan);
  }
  return plan;
}

/** Adds to the plan what becomes of units that failed together, for one reason. */
export function repair(group: OpenUnit[], plan: ChunkPlan): void {
  const { failureType, tries } = group[0]!;
  const passesByItself = failureType !== null && maximumTries(failureType) > 1;
  if (passesByItself && tries >= maximumTries(failureType)) {
    plan.givenUp.push(...group.map(({ unit }) => ({ unit, verdict: 'failed' as const })));
  } else if (passesByItself && failureType !== 'OutOfMemory') {
    plan.chunks.push(group.map(({ unit }) => unit));
  } else if (group.length > 1) {
    plan.chunks.push(...evenly(group, Math.ceil(group.length / 2)));
  } else if (passesByItself) {
    plan.chunks.push([group[0]!.unit]);
  } else {
    plan.givenUp.push({ unit: group[0]!.unit, verdict: 'quarantined' });
  }
}

/** Parts of nearly equal length, none longer than `most`. */
function evenly(units: readonly OpenUnit[], most: number): string[][] {
  const parts = Math.ceil(units.length / most);
  return Array.from({ length: parts }, (_, part) =>
    units
      .slice(Math.floor((part * units.length) / parts), Math.floor(((part + 1) * units.length) / parts))
      .map(({ unit }) => unit),
  );
}

function groups<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const byKey = new Map<string, T[]>();
  for (const item of items) {
    const group = byKey.get(key(item));
    if (group) group.push(item);
    else byKey.set(key(item), [item]);
  }
  return [...byKey.values()];
}
