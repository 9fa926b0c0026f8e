import { namedCluster, thisMachine } from '../../engines/names.ts';
import {
  accept,
  flag,
  listOf,
  oneOf,
  readFields,
  recordOf,
  refuse,
  text,
  wholeNumber,
} from '../../planning/input.ts';
import type { Guard, Guards } from '../../planning/input.ts';
import { legible } from '../../planning/legible.ts';
import { placementGuards } from '../../planning/placement-input.ts';
import type { PlacementInput } from '../../planning/placement-input.ts';

export const tasks = ['survival', 'classification', 'regression'] as const;
export type Task = (typeof tasks)[number];
export const runTypes = ['sample', 'production', 'experiment'] as const;
export type RunType = (typeof runTypes)[number];
export const splitters = ['stratified', 'timeSeries', 'given'] as const;
export const cvModes = ['auto', 'pandas', 'mp', 'spark_local', 'spark_cluster'] as const;
export type CvMode = (typeof cvModes)[number];

/** A parameter of a model, as the configuration files have them. */
export type Value = number | string | boolean | null;

/** What `crossValidation` is started with. */
export interface CvInput extends PlacementInput {
  /** A Parquet or CSV file (a relative one is relative to the checkout), or the name of a generated data set. */
  dataset: string;
  task: Task;
  /** Columns of a survival task; by default `survival_months` or `time`, `is_terminated` or `event`. */
  time?: string;
  event?: string;
  /** The column that is to be predicted; `target` where it is left out. */
  target?: string;
  /** The key of a row; never a feature. */
  id?: string;
  /** Orders the rows of a time series; never a feature. */
  date?: string;
  /** The number of each row's test fold, for splitter `given`. */
  foldColumn?: string;
  /** All but the columns above where it is left out. */
  features?: string[];
  exclude?: string[];
  /** Features whose numbers are names. */
  categorical?: string[];
  /** Categorical features that part the rows into strata; all of them where it is left out. */
  strata?: string[];
  /** Leave out rows with a gap instead of filling it. */
  completeRows?: boolean;
  /** Survival only; the first five where it is left out. */
  models?: string[];
  /** Instead of the configured values: `{"gbsa": {"trees": 20}}`. */
  params?: Record<string, Record<string, Value>>;
  /** Classification and regression: the values of each parameter; the configured grid where it is left out. */
  grid?: Record<string, Value[]>;
  /** Sets of the grid by their number, from 1; all where it is left out. */
  sets?: number[];
  /** As the original does it: a robust regression loss, stopped and scored on the same fold. */
  parity?: boolean;
  folds?: number;
  splitter?: (typeof splitters)[number];
  /** Rows left out between training and test of a time series; without a splitter it says that the rows are one. */
  gap?: number;
  runType?: RunType;
  mode?: CvMode;
  seed?: number;
  /** Threads of one fit. */
  threads?: number;
  /** Times at which curves are scored as well. */
  horizons?: number[];
  /** Fits at a time; the engine's cores where it is left out. */
  jobs?: number;
  /** `spark://host:port` for this run alone. */
  sparkMaster?: string;
  /** Memory of each Spark process: `4g`. */
  sparkMemory?: string;
  /** Mode `auto`: less work than this, in seconds of one core, is done by one process. */
  pandasBelow?: number;
  /** Mode `auto`: less work than this by several processes of this machine, more by a cluster where there is one. */
  mpBelow?: number;
  /** Batches in flight. */
  concurrency?: number;
}

export const cvDefaults = {
  runType: 'sample',
  mode: 'auto',
  seed: 42,
  threads: 1,
  gap: 0,
  pandasBelow: 10,
  mpBelow: 60,
} as const;

/** Survival models that run where none is named. */
export const usualModels = ['cox_ph', 'coxnet', 'weibull_aft', 'gbsa', 'xgb_cox'];

/** Five for shuffled folds; four for a time series, whose first block is never tested. */
export function foldsOf({ folds, splitter, task }: Pick<CvInput, 'folds' | 'splitter' | 'task'>): number {
  return folds ?? (task === 'survival' || splitter === 'stratified' ? 5 : 4);
}

const number: Guard<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? accept(value)
    : refuse(value, 'a number of at least 0');

const single: Guard<Value> = (value) =>
  value === null || ['number', 'string', 'boolean'].includes(typeof value)
    ? accept(value as Value)
    : refuse(value, 'one value');

const memory: Guard<string> = (value) =>
  typeof value === 'string' && /^[1-9]\d*[gm]$/i.test(value)
    ? accept(value.toLowerCase())
    : refuse(value, 'a size such as 4g or 512m');

const master: Guard<string> = (value) =>
  typeof value === 'string' && /^(spark:\/\/[\w.:,[\]-]+:\d+|local\[(\d+|\*)\])$/.test(value)
    ? accept(value)
    : refuse(value, 'spark://host:port, local[n] or local[*]');

const guards: Guards<CvInput> = {
  dataset: text,
  task: oneOf(...tasks),
  time: text,
  event: text,
  target: text,
  id: text,
  date: text,
  foldColumn: text,
  features: listOf(text),
  exclude: listOf(text),
  categorical: listOf(text),
  strata: listOf(text),
  completeRows: flag,
  models: listOf(text),
  params: recordOf(recordOf(single)),
  grid: recordOf(listOf(single)),
  sets: listOf(wholeNumber(1, 100_000)),
  parity: flag,
  folds: wholeNumber(2, 100),
  splitter: oneOf(...splitters),
  gap: wholeNumber(0, 1_000_000),
  runType: oneOf(...runTypes),
  mode: oneOf(...cvModes),
  seed: wholeNumber(0, 2 ** 31 - 1),
  threads: wholeNumber(1, 64),
  horizons: listOf(number),
  jobs: wholeNumber(1, 256),
  sparkMaster: master,
  sparkMemory: memory,
  pandasBelow: number,
  mpBelow: number,
  concurrency: wholeNumber(1, 64),
  ...placementGuards,
};

const what = 'Input of crossValidation';

/** Fields that mean something for one kind of task only. */
const ofSurvival = ['time', 'event', 'strata', 'models', 'params', 'horizons'] as const;
const ofGrids = ['target', 'date', 'grid', 'sets', 'parity', 'gap'] as const;

export function parseCvInput(raw: unknown): { ok: true; input: CvInput } | { ok: false; message: string } {
  const read = readFields<CvInput>(raw, what, guards, ['dataset', 'task']);
  if (!read.ok) return read;
  const input = read.value;
  const refusal = refusalOf(input);
  return refusal === undefined ? { ok: true, input } : { ok: false, message: `${what}: ${refusal}` };
}

function refusalOf(input: CvInput): string | undefined {
  const foreign = (input.task === 'survival' ? ofGrids : ofSurvival).find(
    (name) => input[name] !== undefined,
  );
  if (foreign !== undefined) return `${foreign} has no meaning for task ${input.task}: leave it out.`;
  if (/\.(pkl|pickle|joblib)$/i.test(input.dataset)) {
    return `dataset ${legible(input.dataset)} is a pickle, which runs code when it is loaded: give Parquet or CSV.`;
  }
  for (const name of ['features', 'models', 'sets', 'horizons'] as const) {
    if (input[name]?.length === 0) return `${name} is empty: name some, or leave it out.`;
  }
  for (const [name, values] of Object.entries(input.grid ?? {})) {
    if (values.length === 0) return `grid has no value for ${legible(name)}: give at least one.`;
    const seen = new Set<Value>();
    const twice = values.find((value) => seen.size === seen.add(value).size);
    if (twice !== undefined) return `grid has ${legible(`${name} ${twice}`)} twice: once is enough.`;
  }
  const features = new Set(input.features);
  const both = input.exclude?.find((name) => features.has(name));
  if (both !== undefined) return `${legible(both)} is among features and among exclude: decide.`;
  if (input.task === 'survival' && input.splitter === 'timeSeries') {
    return 'splitter timeSeries is for classification and regression: survival folds are stratified or given.';
  }
  if ((input.splitter === 'given') !== (input.foldColumn !== undefined)) {
    return 'splitter "given" and foldColumn belong together: give both or neither.';
  }
  if (input.gap !== undefined && input.splitter !== undefined && input.splitter !== 'timeSeries') {
    return 'gap has no meaning without splitter timeSeries: leave it out.';
  }
  const cluster = input.sparkMaster?.startsWith('spark://') === true;
  if (cluster && input.mode !== undefined && input.mode !== 'spark_cluster' && input.mode !== 'auto') {
    return `sparkMaster ${input.sparkMaster} is a cluster, but mode is ${input.mode}: leave one of them out.`;
  }
  if (cluster && input.engine !== undefined && input.engine !== namedCluster) {
    return `sparkMaster ${input.sparkMaster} is a standalone cluster, but engine is ${input.engine}: leave one of them out.`;
  }
  if (input.sparkMaster !== undefined && !cluster) {
    if (input.mode !== undefined && input.mode !== 'spark_local' && input.mode !== 'auto') {
      return `sparkMaster ${input.sparkMaster} is this machine, but mode is ${input.mode}: leave one of them out.`;
    }
    if (input.engine !== undefined && input.engine !== thisMachine && input.engine !== 'queue') {
      return `sparkMaster ${input.sparkMaster} is this machine, but engine is ${input.engine}: leave one of them out.`;
    }
  }
  if (input.mode === 'spark_cluster' && input.engine === thisMachine) {
    return 'mode spark_cluster needs another engine than local: standalone, dataproc or queue.';
  }
  return undefined;
}
