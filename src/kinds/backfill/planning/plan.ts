import { chunkSize, datesOfATask, usualThroughput, windowsOfABatch } from '../../../planning/chunks.ts';
import { leastSeconds, nodeDcu } from '../../../planning/cost.ts';
import type { Rates } from '../../../planning/cost.ts';
import type { BackfillInput } from '../input.ts';
import type { SinkName } from './sink-names.ts';

/** What a plan was made from: a start with its token is refused when one of these has changed. */
export interface PlanFacts {
  /** Every option by its name, defaults filled in. */
  options: Record<string, unknown>;
  /** What is known at the end of the range: rows, and the sum of their hashes. */
  prices: { rows: number; digest: string };
  due: number;
  /** By model version: whole dates, and the models that are stored with a hash over theirs. */
  models: Record<string, { whole: number; stored: number; digest: string }>;
  /** Result versions of the jobs that make the rows. */
  resultVersions: Record<string, number>;
}

/** What has changed since the plan was made, in one line; undefined when nothing has. */
export function planDifference(then: PlanFacts, now: PlanFacts): string | undefined {
  const found: string[] = [];
  const options = new Set([...Object.keys(then.options), ...Object.keys(now.options)]);
  for (const name of [...options].sort()) {
    const [was, is] = [shown(then.options[name]), shown(now.options[name])];
    if (was !== is) found.push(`${name} was ${was} and is ${is}`);
  }
  if (then.prices.rows !== now.prices.rows)
    found.push(`${n(then.prices.rows)} price rows were known, now ${n(now.prices.rows)}`);
  else if (then.prices.digest !== now.prices.digest) found.push('prices were revised');
  if (then.due !== now.due) found.push(`${n(then.due)} dates were due, now ${n(now.due)}`);
  for (const [version, was] of Object.entries(then.models)) {
    const is = now.models[version];
    // Other models are other options, which are named above.
    if (is === undefined) continue;
    if (was.whole !== is.whole)
      found.push(`${n(was.whole)} dates of ${version} were whole, now ${n(is.whole)}`);
    if (was.stored !== is.stored)
      found.push(`${n(was.stored)} models of ${version} were stored, now ${n(is.stored)}`);
    else if (was.digest !== is.digest) found.push(`the stored models of ${version} are others now`);
  }
  for (const [job, was] of Object.entries(then.resultVersions)) {
    const is = now.resultVersions[job];
    if (was !== is) found.push(`${job} makes other figures now (version ${was} then, ${is ?? 'none'} now)`);
  }
  return found.length === 0 ? undefined : found.join('; ');
}

function shown(value: unknown): string {
  return value === undefined ? 'left out' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** What one model has and lacks. */
export interface ModelWork {
  model: string;
  modelVersion: string;
  windows: {
    /** Stored, sound and fitted on the rows that are there today. */
    stored: number;
    /** Fitted on other rows than are there today: used as they are unless changes are to be redone. */
    changed: number;
    toTrain: number;
    tooLittleHistory: number;
  };
  dates: {
    due: number;
    whole: number;
    /** Whole, but made from other prices, another model or an older rule. */
    changed: number;
    partial: number;
    missing: number;
    tooLittleHistory: number;
    toDo: number;
  };
}

/** How long the parts of a backfill take, and from where that is known. */
export interface PlanParts {
  /** Rows (paths) that a batch makes in a second, from its start to its end, on `measuredCores`. */
  rowsPerSecond: number;
  measuredCores: number;
  /** Seconds of a batch in which its tasks do not run: its process, its reading of prices. */
  serialSecondsOfABatch: number;
  /** From sending a batch to its start. */
  submitSecondsOfABatch: number;
  /** Core-seconds of fitting one window. */
  trainSecondsOfAWindow: number;
  /** Batches these were measured on; 0: they are what is usual. */
  batches: number;
  bytesOfARow: number;
  /** Whether that was measured in this table. */
  bytesMeasured: boolean;
  /** Rows a second that the sink takes at most, however many cores make them; null where no bound is known. */
  mostRowsPerSecond: number | null;
  /** Rows a second that are read back to be verified. */
  verifiedRowsPerSecond: number;
}

/** Measured on two cores with 2,000 paths a date; used until the ledger knows better. */
export const usualParts = {
  measuredCores: 2,
  /** A warm JVM and a forked process. */
  serialSecondsOfABatch: 0.8,
  submitSecondsOfABatch: 0.3,
  /** SARIMAX, the slowest: a maximum-likelihood fit on 1,500 rows. */
  trainSecondsOfAWindow: 0.6,
} as const;

/** What is peculiar to a sink, measured with 5,744,000 rows on two quiet cores (docs/benchmarks.md). */
interface OfSink {
  rowsPerSecond: number;
  bytesOfARow: number;
  mostRowsPerSecond: number | null;
  verifiedRowsPerSecond: number;
}

export const usualOfSink: Record<SinkName, OfSink> = {
  postgres: {
    rowsPerSecond: usualThroughput.rowsPerSecond,
    /** 854 MB with their key (date, path). */
    bytesOfARow: 149,
    /** Plain COPY of ready rows into one server: 6.96 s. */
    mostRowsPerSecond: 825_000,
    /** 2.2 s. */
    verifiedRowsPerSecond: 2_600_000,
  },
  delta: {
    rowsPerSecond: 800_000,
    /** 256 MB. */
    bytesOfARow: 45,
    /** Tasks write files of their own; a batch waits for the table some tens of milliseconds. */
    mostRowsPerSecond: null,
    /** 1.0 s. */
    verifiedRowsPerSecond: 5_700_000,
  },
};

/** Points, quantiles and metadata of a date: 14 + 14 + 1 rows with their keys. */
const bytesOfADateBeside = 5_000;

const coreCounts = [2, 4, 8, 16, 32, 64, 128];
/** The smallest executor that Dataproc accepts, and the fewest of them. */
const coresOfAnExecutor = 4;
const fewestExecutors = 2;
/** More cores are not recommended once fewer than half of them are kept busy. */
const leastEfficiency = 0.5;

/** The default node of Dataproc Serverless. */
const gbOfANode = 16;

/** One row of the table of machines. */
export interface Sizing {
  cores: number;
  executors: number;
  coresOfAnExecutor: number;
  /** 2 to 4 for each core. */
  partitions: number;
  /** A partition is one transaction, so that it is never more than 60 dates. */
  datesOfAPartition: number;
  seconds: number;
  /** Against the first row. */
  speedUp: number;
  /** The share of the cores' time in which they work. */
  efficiency: number;
  /** Price of a Dataproc Serverless batch of that size; null below its smallest. */
  dataprocUsd: number | null;
  /** What takes most of the time on them. */
  limit: Limit;
}

/** What would have to be more, or faster, for a backfill to be faster. */
export type Limit =
  'cores' | 'tasks of 60 dates' | 'the sink' | 'training windows' | 'starting batches' | 'verifying';

export interface BackfillPlan {
  work: ModelWork[];
  chunks: { dates: number; batches: number; trainingBatches: number };
  rows: number;
  bytes: number;
  seconds: {
    total: number;
    train: number;
    infer: number;
    /** Sending batches, starting them and reading prices. */
    overhead: number;
    verify: number;
  };
  /** On the cores that are there. */
  coreSeconds: number;
  /** 0: this machine or cluster is not rented by the batch. */
  usd: number;
  sizings: Sizing[];
  /** The largest machine of the table that is kept busy at least half of the time. */
  recommended: Sizing;
  parts: PlanParts;
}

/** Turns what is to be done and how long its parts take into batches, bytes, seconds and machines. */
export function planBackfill(
  work: readonly ModelWork[],
  { paths, chunk }: { paths: number; chunk: BackfillInput['chunk'] },
  parts: PlanParts,
  cores: number,
  rates: Pick<Rates, 'dcuUsdPerHour'>,
): BackfillPlan {
  const size = chunkSize(chunk, paths, parts);
  const dates = sum(work.map((each) => each.dates.toDo));
  const batches = sum(work.map((each) => Math.ceil(each.dates.toDo / size)));
  const windows = sum(work.map((each) => each.windows.toTrain));
  const trainingBatches = sum(work.map((each) => Math.ceil(each.windows.toTrain / windowsOfABatch)));
  const rows = dates * paths;
  // Only the seconds in which a batch's tasks run are shared by the cores.
  const batchSeconds = (size * paths) / parts.rowsPerSecond;
  const parallelShare = Math.max(0.1, 1 - parts.serialSecondsOfABatch / Math.max(batchSeconds, 1e-9));
  const inferCoreSeconds = (rows / parts.rowsPerSecond) * parallelShare * parts.measuredCores;
  const sinkSeconds = parts.mostRowsPerSecond === null ? 0 : rows / parts.mostRowsPerSecond;
  const trainCoreSeconds = windows * parts.trainSecondsOfAWindow;
  const rowsDue = sum(work.map((each) => each.dates.due)) * paths;
  const rowsThere = sum(work.map((each) => each.dates.whole)) * paths;
  const limitOn = (count: number): Limit => {
    const { total: _, ...stages } = secondsOn(count);
    const [longest] = Object.entries(stages).sort(([, one], [, other]) => other - one)[0]!;
    if (longest === 'train') return windows < count ? 'training windows' : 'cores';
    if (longest === 'overhead') return 'starting batches';
    if (longest === 'verify') return 'verifying';
    if (sinkSeconds > 0 && stages.infer === sinkSeconds) return 'the sink';
    return Math.ceil(dates / datesOfATask) < count ? 'tasks of 60 dates' : 'cores';
  };
  const secondsOn = (count: number): BackfillPlan['seconds'] => {
    const train = trainCoreSeconds / Math.min(count, Math.max(1, windows));
    const tasks = Math.max(1, Math.ceil(dates / datesOfATask));
    const infer = Math.max(inferCoreSeconds / Math.min(count, tasks), sinkSeconds);
    const overhead =
      (batches + trainingBatches) * (parts.submitSecondsOfABatch + parts.serialSecondsOfABatch);
    const verify = (rowsThere + rowsDue) / parts.verifiedRowsPerSecond;
    return { total: train + infer + overhead + verify, train, infer, overhead, verify };
  };
  const seconds = secondsOn(cores);
  const coreSeconds = inferCoreSeconds + trainCoreSeconds + seconds.overhead + seconds.verify;
  const first = secondsOn(coreCounts[0]!).total;
  const sizings = coreCounts.map((count) => {
    const { total } = secondsOn(count);
    return {
      ...machineOf(count, dates, total, rates),
      seconds: total,
      limit: limitOn(count),
      speedUp: total > 0 ? first / total : 1,
      efficiency: total > 0 ? coreSeconds / (total * count) : 1,
    };
  });
  return {
    work: [...work],
    chunks: { dates: size, batches, trainingBatches },
    rows,
    bytes: rows * parts.bytesOfARow + dates * bytesOfADateBeside,
    seconds,
    coreSeconds,
    usd: 0,
    sizings,
    recommended: sizings.filter(({ efficiency }) => efficiency >= leastEfficiency).at(-1) ?? sizings[0]!,
    parts,
  };
}

function machineOf(
  cores: number,
  dates: number,
  seconds: number,
  { dcuUsdPerHour }: Pick<Rates, 'dcuUsdPerHour'>,
): Omit<Sizing, 'seconds' | 'speedUp' | 'efficiency' | 'limit'> {
  const executors = Math.ceil(cores / coresOfAnExecutor);
  // As many as tasks of 60 dates, within 2 to 4 a core; never more than there are dates.
  const wanted = Math.min(4 * cores, Math.max(2 * cores, Math.ceil(dates / datesOfATask)));
  const partitions = Math.max(1, Math.min(wanted, dates));
  const dcu = (1 + executors) * nodeDcu(coresOfAnExecutor, gbOfANode);
  return {
    cores,
    executors,
    coresOfAnExecutor: Math.min(cores, coresOfAnExecutor),
    partitions,
    datesOfAPartition: Math.min(datesOfATask, Math.ceil(dates / partitions)),
    dataprocUsd:
      executors < fewestExecutors ? null : (dcu * dcuUsdPerHour * Math.max(leastSeconds, seconds)) / 3_600,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function n(value: number): string {
  return value.toLocaleString('en-US');
}
