/**
 * The names of models and metrics, which the guards of the workflow, the command line and the layout of the fits share with
 * the jobs (spark/sevenfold_jobs/training/catalogue.json).
 */

import catalogue from '../../../spark/sevenfold_jobs/training/catalogue.json' with { type: 'json' };

export const tasks = ['auto', 'classification', 'regression', 'clustering'] as const;
export type AskedTask = (typeof tasks)[number];
/** `auto` is decided by the data. */
export type Task = Exclude<AskedTask, 'auto'>;

/** A parameter is fixed, or tried within a range. */
export type Parameter = number | string | boolean | { low: number; high: number };

interface Model {
  tasks: readonly string[];
  /** Runs where no model is named. */
  usual?: boolean;
  /** One fit by the defaults, on one core: `fit` whatever the rows, and more for each million cells (docs/decisions/052). */
  cpuSeconds: { fit: number; millionCells: number };
  /** Is fitted by tasks of Spark that share the rows (spark/sevenfold_jobs/training/distributed/models.py). */
  distributed?: boolean;
  /** Sets of parameters that are tried at most; a model without has its defaults alone. */
  mostTrials?: number;
}

interface Metric {
  tasks: readonly string[];
  higherIsBetter: boolean;
  title: string;
}

const models: Record<string, Model> = catalogue.models;
const metrics: Record<string, Metric> = catalogue.metrics;

/** Simplest first, which is the order of the choice. */
export function modelsOf(task: AskedTask): string[] {
  return Object.entries(models).flatMap(([name, model]) => (isOf(model, task) ? [name] : []));
}

/** Those that tasks of Spark fit together. */
export function distributedModels(task: AskedTask): string[] {
  return modelsOf(task).filter((name) => models[name]!.distributed === true);
}

export function metricsOf(task: AskedTask): string[] {
  return Object.entries(metrics).flatMap(([name, metric]) => (isOf(metric, task) ? [name] : []));
}

/** Those that run: the usual ones where none is named, always with the baseline that they are held against. */
export function chosenModels(
  task: AskedTask,
  asked: readonly string[] | undefined,
  path: 'native' | 'distributed' = 'native',
): string[] {
  const named = new Set(asked ?? ['auto']);
  const known = path === 'native' ? modelsOf(task) : distributedModels(task);
  return known.filter(
    (name) => name === 'baseline' || named.has(name) || (named.has('auto') && models[name]!.usual === true),
  );
}

/** How many sets of parameters of a model are tried. */
export function trialsOf(model: string, asked: number): number {
  return Math.min(asked, models[model]?.mostTrials ?? 1);
}

/** Whether further sets of parameters than the defaults are tried. */
export function isTuned(model: string): boolean {
  return models[model]?.mostTrials !== undefined;
}

/** How many numbers of clusters are tried of a model; DBSCAN finds its own. As training/clusters.py lists them. */
export function groupingsOf(model: string, asked: Parameter | undefined): number {
  if (model === 'dbscan' || typeof asked === 'number') return 1;
  const { low, high } = typeof asked === 'object' ? asked : usualClusters;
  return high - low + 1;
}

const usualClusters = { low: 2, high: 15 };
/** More are not looked at by anybody. */
export const mostGroupings = 100;

export function metricOf(task: AskedTask, asked: string | undefined): string {
  if (asked !== undefined && asked !== 'auto') return asked;
  return { auto: 'auto', classification: 'log_loss', regression: 'rmse', clustering: 'silhouette' }[task];
}

/** CPU seconds of one fit on so many rows and columns; trees of many classes are as many. */
export function fitSeconds(model: string, cells: number, classes: number): number {
  const { fit, millionCells } = models[model]!.cpuSeconds;
  const grown = models[model]!.mostTrials === 1_000 && classes > 2 ? classes : 1;
  return grown * (fit + (millionCells * cells) / 1e6);
}

export function metricTitle(metric: string): string {
  return metrics[metric]?.title ?? metric;
}

export function higherIsBetter(metric: string): boolean {
  return metrics[metric]?.higherIsBetter ?? false;
}

function isOf({ tasks }: { tasks: readonly string[] }, task: AskedTask): boolean {
  return task === 'auto'
    ? tasks.includes('classification') || tasks.includes('regression')
    : tasks.includes(task);
}
