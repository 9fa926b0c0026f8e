import { Failure } from '../failures.ts';
import type { DataSize } from './data-size.ts';

/** What a batch is given where an engine can choose it. Memory is that of the JVM, without its overhead. */
export interface Resources {
  executors: number;
  executorCores: number;
  executorMemoryGb: number;
  driverCores: number;
  driverMemoryGb: number;
  /** How many times the usual memory, after a batch that ran out of it. */
  memoryFactor: number;
  /** How the number of executors was found: by the seed document's rule, or fixed by a setting. */
  rule: 'document' | 'fixed';
  /** The cluster that was named for this batch alone. */
  master?: string;
  /** Memory of each Spark process, where it was named for this batch alone: `4g`. */
  sparkMemory?: string;
}

export interface ResourceRequest {
  size: DataSize;
  /** How many different models the batch trains. */
  models: number;
  /** Whether it searches for hyper-parameters. */
  tuning: boolean;
  min: number;
  max: number;
  /** Instead of the rule; kept within min and max all the same. */
  count?: number | undefined;
  /** Instead of the tables. */
  executorMemoryGb?: number | undefined;
  driverMemoryGb?: number | undefined;
  memoryFactor?: number | undefined;
}

/** The only numbers of cores that Dataproc Serverless knows. */
export const coreChoices = [4, 8, 16] as const;
const mostCores = 16;

/** What the standard tier accepts for each core, overhead included: 1,024 to 7,424 MB. To be confirmed on the live service. */
const leastGbPerCore = 1;
const mostGbPerCore = 7_424 / 1024;

const overheadShare = 0.1;
const leastOverheadGb = 0.384;

/** What a JVM of this memory takes of its machine. */
export function withOverhead(memoryGb: number): number {
  return memoryGb + Math.max(leastOverheadGb, overheadShare * memoryGb);
}

/**
 * Machines for a batch.
 *
 * The seed's tables of cores and memory were made apart from each other and contradict what the service accepts:
 * - more than a million rows in less than 1 GB are given 24 or 32 GB on 4 cores. With the overhead that is 8.8 GB a core
 *   for 32, and 7.7 for 24 with five models: cores are raised (4, 8, 16) until it fits.
 * - less than 0.1 GB with tuning and more than five models is given 5 GB on 16 cores, 0.34 GB a core: memory is raised to
 *   the least that fits, because the cores were asked for and the seed has no rule that takes any away.
 * - the document gives the driver 4 cores and at most 16 GB, which fits; only more memory after a failure does not, and then
 *   its cores are raised too.
 * More memory after a failure ends at what the largest machine holds. Memory that a setting asks for is never changed:
 * what fits no machine is refused.
 */
export function planResources(request: ResourceRequest): Resources {
  const { size, models, tuning, min, max, count, memoryFactor = 1 } = request;
  const executor = machine(
    'SPARK_EXECUTOR_MEMORY',
    executorCores(size.memoryGb, models, tuning),
    request.executorMemoryGb,
    executorMemoryGb(size, models, tuning),
    memoryFactor,
  );
  const driver = machine(
    'SPARK_DRIVER_MEMORY',
    coreChoices[0],
    request.driverMemoryGb,
    driverMemoryGb(size),
    memoryFactor,
  );
  return {
    executors:
      count === undefined
        ? executorCount(size.totalMb, models, tuning, min, max)
        : Math.max(min, Math.min(max, count)),
    executorCores: executor.cores,
    executorMemoryGb: executor.memoryGb,
    driverCores: driver.cores,
    driverMemoryGb: driver.memoryGb,
    memoryFactor,
    rule: count === undefined ? 'document' : 'fixed',
  };
}

/** The seed document's rule A: at most `max` after every step, at least `min` at the end. */
export function executorCount(
  totalMb: number,
  models: number,
  tuning: boolean,
  min: number,
  max: number,
): number {
  const steps: ((executors: number) => number)[] = [
    ...(totalMb > 1_000 ? [(n: number) => n * 2] : []),
    // Both steps apply above 10 GB: the document's table says "6+" there, its code gives 12.
    ...(totalMb > 10_000 ? [(n: number) => n * 3] : []),
    ...(models > 3 ? [(n: number) => n + 2] : []),
    ...(tuning ? [(n: number) => n + 1] : []),
  ];
  const executors = steps.reduce((n, step) => Math.min(max, step(n)), Math.min(max, 2));
  return Math.max(min, executors);
}

export function executorCores(memoryGb: number, models: number, tuning: boolean): number {
  const base = memoryGb < 1 ? 4 : memoryGb < 50 ? 8 : 16;
  const doublings = (models > 5 ? 1 : 0) + (tuning ? 1 : 0);
  return Math.min(mostCores, base * 2 ** doublings);
}

export function executorMemoryGb(
  { rows, memoryGb }: Pick<DataSize, 'rows' | 'memoryGb'>,
  models: number,
  tuning: boolean,
): number {
  let memory = byRows(rows, 32, 24, 20) ?? byGb(memoryGb, [4, 8, 20, 32, 48]);
  // In whole numbers: 20 x 1.2 is 23.999… otherwise.
  if (models > 4) memory = Math.floor((memory * 12) / 10);
  if (tuning) memory = Math.floor((memory * 13) / 10);
  return memoryGb >= 1 || rows > 100_000 ? Math.max(20, memory) : memory;
}

export function driverMemoryGb({ rows, memoryGb }: Pick<DataSize, 'rows' | 'memoryGb'>): number {
  return byRows(rows, 16, 14, 12) ?? byGb(memoryGb, [6, 8, 10, 12, 12]);
}

function byRows(
  rows: number,
  over2Million: number,
  over1Million: number,
  over500000: number,
): number | undefined {
  if (rows > 2_000_000) return over2Million;
  if (rows > 1_000_000) return over1Million;
  return rows > 500_000 ? over500000 : undefined;
}

/** Below 0.1, 1, 10 and 100 GB, and from there on. */
function byGb(memoryGb: number, values: readonly [number, number, number, number, number]): number {
  const limits = [0.1, 1, 10, 100];
  const index = limits.findIndex((limit) => memoryGb < limit);
  return values[index === -1 ? 4 : index]!;
}

function machine(
  setting: string,
  cores: number,
  asked: number | undefined,
  usual: number,
  factor: number,
): { cores: number; memoryGb: number } {
  if (asked !== undefined) fitCores(setting, cores, asked);
  const least = asked ?? Math.max(usual, leastMemoryGb(cores));
  const memoryGb = Math.max(least, Math.min(mostMemoryGb, least * factor));
  return { cores: fitCores(setting, cores, memoryGb), memoryGb };
}

/** The most that 16 cores may have, in whole GB. */
export const mostMemoryGb = Math.floor((mostCores * mostGbPerCore) / (1 + overheadShare));

function leastMemoryGb(cores: number): number {
  return Math.ceil((cores * leastGbPerCore) / (1 + overheadShare));
}

/** The least number of cores, from `cores` on, on which so much memory is accepted; `InvalidInput` where there is none. */
export function fitCores(setting: string, cores: number, memoryGb: number): number {
  const total = withOverhead(memoryGb);
  if (total < cores * leastGbPerCore) {
    throw new Failure(
      'InvalidInput',
      `${setting} is ${rounded(memoryGb)} GB for ${cores} cores: with its overhead ${rounded(total / cores)} GB a core, but Dataproc accepts ${range}. Give it at least ${leastMemoryGb(cores)} GB.`,
    );
  }
  const fitting = coreChoices.find((choice) => choice >= cores && total <= choice * mostGbPerCore);
  if (fitting !== undefined) return fitting;
  throw new Failure(
    'InvalidInput',
    `${setting} is ${rounded(memoryGb)} GB: with its overhead ${rounded(total / mostCores)} GB a core on ${mostCores} cores, but Dataproc accepts ${range}. Give it at most ${mostMemoryGb} GB.`,
  );
}

const range = `${leastGbPerCore} to ${mostGbPerCore} GB`;

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}
