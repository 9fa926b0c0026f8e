import {
  accept,
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
import { suggestion } from '../../planning/nearest.ts';
import { placementGuards } from '../../planning/placement-input.ts';
import type { PlacementInput } from '../../planning/placement-input.ts';
import { paramsRefusal } from './parameters.ts';
import { distributedModels, groupingsOf, metricsOf, modelsOf, mostGroupings, tasks } from './models.ts';
import type { AskedTask, Parameter } from './models.ts';

export const validations = ['auto', 'folds', 'holdout', 'time'] as const;
export const columnTypes = ['number', 'category', 'date'] as const;
export const paths = ['auto', 'native', 'distributed'] as const;
export const thresholds = ['half', 'f1'] as const;

/** What `trainModel` is started with. */
export interface TrainingInput extends PlacementInput {
  /** A CSV or Parquet file, or the name of a data set that was generated here. */
  dataset: string;
  /** The column to be predicted; without it rows are grouped (task clustering). */
  target?: string;
  task?: AskedTask;
  /** Only these columns. */
  features?: string[];
  exclude?: string[];
  /** The key of a row: no feature, but in every file of predictions. */
  id?: string;
  /** Orders the rows for validation "time", which it makes the usual one; no feature. */
  date?: string;
  /** What a column is, where its values do not say it. */
  types?: Record<string, (typeof columnTypes)[number]>;
  /** `["auto"]` stands for the usual ones. */
  models?: string[];
  /** What decides: log_loss for classes, rmse for numbers. */
  metric?: string;
  /** Sets of parameters that are tried for each model that can be tuned; the first is its defaults. */
  trials?: number;
  /** A trial learns from those before it but for this many; the same on every machine. */
  parallel?: number;
  validation?: (typeof validations)[number];
  folds?: number;
  /** Further files, later than the first: evaluated, never part of any choice. */
  oot?: string[];
  /** At most so many columns, chosen anew inside every fold. */
  maxFeatures?: number;
  /** By model and name: `{"lightgbm": {"num_leaves": {"low": 4, "high": 64}}}`. */
  params?: Record<string, Record<string, Parameter>>;
  /** Two classes only: from which probability on a row counts as positive. */
  threshold?: (typeof thresholds)[number];
  /** Instead of a threshold: what a false positive and a false negative cost. */
  cost?: Record<string, number>;
  /** The class that probabilities are about, of two. */
  positive?: string;
  seed?: number;
  /** `auto`: native while the rows fit into half of the memory. */
  path?: (typeof paths)[number];
  /** Distributed path: tasks that share the rows of a fit. Part of the result, so never the cores of a cluster. */
  tasks?: number;
  /** Batches in flight. */
  concurrency?: number;
}

export const trainingDefaults = { trials: 20, parallel: 2, seed: 42, tasks: 2 } as const;

/** Without a target rows are grouped. */
export function askedTask({ task, target }: TrainingInput): AskedTask {
  return task ?? (target === undefined ? 'clustering' : 'auto');
}

const parameter: Guard<Parameter> = (value) => {
  if (typeof value === 'string' || typeof value === 'boolean') return accept(value);
  if (typeof value === 'number' && Number.isFinite(value)) return accept(value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { low, high, ...more } = value as Record<string, unknown>;
    const numbers = [low, high].every((each) => typeof each === 'number' && Number.isFinite(each));
    if (numbers && Object.keys(more).length === 0 && (low as number) < (high as number)) {
      return accept({ low: low as number, high: high as number });
    }
  }
  return refuse(value, 'one value, or {"low": …, "high": …} with low below high');
};

const price: Guard<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value > 0
    ? accept(value)
    : refuse(value, 'a number above 0');

const guards: Guards<TrainingInput> = {
  dataset: text,
  target: text,
  task: oneOf(...tasks),
  features: listOf(text),
  exclude: listOf(text),
  id: text,
  date: text,
  types: recordOf(oneOf(...columnTypes)),
  models: listOf(text),
  metric: text,
  trials: wholeNumber(1, 1_000),
  parallel: wholeNumber(1, 64),
  validation: oneOf(...validations),
  folds: wholeNumber(2, 20),
  oot: listOf(text),
  maxFeatures: wholeNumber(1, 100_000),
  params: recordOf(recordOf(parameter)),
  threshold: oneOf(...thresholds),
  cost: recordOf(price),
  positive: text,
  seed: wholeNumber(0, 2 ** 31 - 1),
  path: oneOf(...paths),
  tasks: wholeNumber(1, 1_000),
  concurrency: wholeNumber(1, 64),
  ...placementGuards,
};

const what = 'Input of trainModel';

export function parseTrainingInput(
  raw: unknown,
): { ok: true; input: TrainingInput } | { ok: false; message: string } {
  const read = readFields<TrainingInput>(raw, what, guards, ['dataset']);
  if (!read.ok) return read;
  const refusal = refusalOf(read.value);
  return refusal === undefined
    ? { ok: true, input: read.value }
    : { ok: false, message: `${what}: ${refusal}` };
}

function refusalOf(input: TrainingInput): string | undefined {
  const task = askedTask(input);
  if (/\.(pkl|pickle|joblib)$/i.test(input.dataset)) {
    return `dataset ${legible(input.dataset)} is a pickle, which runs code when it is loaded: give Parquet or CSV.`;
  }
  if (task === 'clustering') {
    const refusal = clusteringRefusal(input) ?? distributedRefusal(input);
    if (refusal !== undefined) return refusal;
  } else if (input.target === undefined)
    return `task ${task} needs a target: name the column to be predicted.`;
  for (const name of ['features', 'models', 'oot'] as const) {
    if (input[name]?.length === 0) return `${name} is empty: name some, or leave it out.`;
  }
  const excluded = new Set(input.exclude);
  for (const [role, name] of roles(input)) {
    if (excluded.has(name)) return `${legible(name)} is the ${role} and among exclude: decide.`;
    if (input.features?.includes(name) === true) {
      return `${legible(name)} is the ${role} and among features: decide.`;
    }
  }
  const both = input.features?.find((name) => excluded.has(name));
  if (both !== undefined) return `${legible(both)} is among features and among exclude: decide.`;
  return modelRefusal(input, task) ?? validationRefusal(input, task) ?? distributedRefusal(input);
}

/** Why a training cannot take the distributed path that is asked for; undefined where it can, or another is asked for. */
export function distributedRefusal(input: TrainingInput): string | undefined {
  const { path, tasks, models, params, maxFeatures } = input;
  if (path === 'native' && tasks !== undefined) {
    return 'tasks has no meaning with path native: leave one of them out.';
  }
  if (path !== 'distributed') return undefined;
  const task = askedTask(input);
  if (task === 'clustering') return 'rows are not grouped on the distributed path: name a target.';
  const known = distributedModels(task);
  const named = [...(models ?? []).filter((name) => name !== 'auto'), ...Object.keys(params ?? {})];
  const other = named.find((name) => !known.includes(name));
  if (other !== undefined) {
    return `${legible(other)} is not fitted on the distributed path. There are ${known.join(', ')}.`;
  }
  if (maxFeatures !== undefined) return 'maxFeatures is not there on the distributed path: name features.';
  return undefined;
}

/** What only a target gives a meaning to. */
const ofTargets = [
  ...(['target', 'date', 'trials', 'parallel', 'validation', 'folds'] as const),
  ...(['maxFeatures', 'threshold', 'cost', 'positive', 'tasks'] as const),
];

function clusteringRefusal(input: TrainingInput): string | undefined {
  const foreign = ofTargets.find((name) => input[name] !== undefined);
  if (foreign === 'target') return 'task clustering has no target: leave one of them out.';
  if (foreign !== undefined) {
    return `${foreign} has no meaning for clustering (a training without a target): leave it out, or name the target.`;
  }
  for (const [model, { clusters }] of Object.entries(input.params ?? {})) {
    const numbers = typeof clusters === 'object' ? [clusters.low, clusters.high] : [clusters ?? 2];
    if (!numbers.every((each) => Number.isInteger(each) && (each as number) >= 2)) {
      return `${legible(model)}.clusters must be a whole number from 2 on, or a range of them.`;
    }
    if (groupingsOf(model, clusters) > mostGroupings) {
      return `${legible(model)}.clusters is a range of more than ${mostGroupings} numbers: take a smaller one.`;
    }
  }
  return undefined;
}

function roles({ target, id, date }: TrainingInput): [string, string][] {
  return Object.entries({ target, id, date }).flatMap(([role, name]): [string, string][] =>
    name === undefined ? [] : [[role, name]],
  );
}

function modelRefusal({ models, params, metric }: TrainingInput, task: AskedTask): string | undefined {
  const known = modelsOf(task);
  const named = models?.filter((name) => name !== 'auto') ?? [];
  for (const name of [...named, ...Object.keys(params ?? {})]) {
    if (!known.includes(name)) {
      return `there is no model "${legible(name)}" for task ${task}. ${suggestion(name, known)}`;
    }
  }
  const twice = named.find((name, at) => named.indexOf(name) !== at);
  if (twice !== undefined) return `models has ${twice} twice: once is enough.`;
  const wrong = paramsRefusal(params ?? {});
  if (wrong !== undefined) return wrong;
  const metrics = metricsOf(task);
  if (metric !== undefined && metric !== 'auto' && !metrics.includes(metric)) {
    return `there is no metric "${legible(metric)}" for task ${task}. ${suggestion(metric, metrics)}`;
  }
  return undefined;
}

function validationRefusal(input: TrainingInput, task: AskedTask): string | undefined {
  const { validation, folds, date, threshold, cost, positive } = input;
  if (validation === 'time' && date === undefined) {
    return 'validation time needs a date: name the column that orders the rows.';
  }
  if (folds !== undefined && (validation === 'holdout' || validation === 'time')) {
    return `folds has no meaning with validation ${validation}: leave one of them out.`;
  }
  if (threshold !== undefined && cost !== undefined) return 'give threshold or cost, not both.';
  if (cost !== undefined) {
    const names = Object.keys(cost).sort().join(', ');
    if (names !== 'falseNegative, falsePositive') {
      return `cost has ${legible(names || 'nothing')}, but must have falsePositive and falseNegative.`;
    }
  }
  const ofClasses = { threshold, cost, positive };
  for (const [name, value] of Object.entries(ofClasses)) {
    if (value !== undefined && task === 'regression') {
      return `${name} has no meaning for task ${task}: leave it out.`;
    }
  }
  return undefined;
}
