import { fitsOf } from './ledger.ts';
import type { PreparedData, TrainingRequest } from './ledger.ts';
import { fitSeconds } from './models.ts';
import type { Task } from './models.ts';

/** As spark/sevenfold_jobs/training/planned.py says it. */
export interface PlannedData {
  task: Task;
  taskReason: string;
  fileRows: number;
  rows: number;
  columns: number;
  features: number;
  classes: number;
  validation: string;
  folds: number;
  warnings: string[];
  /** What fits hold, and half of the memory (spark/sevenfold_jobs/training/size.py). */
  bytes: number;
  roomBytes: number;
}

export interface TrainingPlan {
  models: { model: string; trials: number; fits: number; cpuSeconds: number }[];
  fits: number;
  /** All fits and the final one; reading and judging come on top. */
  cpuSeconds: number;
  fitsHere: boolean;
}

/** Clusters are searched on at most so many rows (training/clusters.py). */
const mostSearched = 20_000;

/** What a training comes to, by rows, columns and models. */
export function planTraining(request: TrainingRequest, data: PlannedData): TrainingPlan {
  const prepared: PreparedData & { folds: number } = data;
  const { task, rows, features, classes, folds } = data;
  const byModel = new Map<string, { trials: Set<number>; fits: number }>();
  for (const { model, trial } of fitsOf(request, prepared)) {
    const so = byModel.get(model) ?? { trials: new Set<number>(), fits: 0 };
    so.trials.add(trial);
    so.fits += 1;
    byModel.set(model, so);
  }
  const learnt = task === 'clustering' ? Math.min(rows, mostSearched) : trainingRows(rows, folds);
  const models = [...byModel].map(([model, { trials, fits }]) => ({
    model,
    trials: trials.size,
    fits,
    cpuSeconds: fits * fitSeconds(model, learnt * features, classes),
  }));
  const last = Math.max(...models.map(({ model }) => fitSeconds(model, rows * features, classes)));
  return {
    models,
    fits: models.reduce((sum, { fits }) => sum + fits, 0),
    cpuSeconds: models.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, last),
    fitsHere: data.bytes <= data.roomBytes,
  };
}

/** 80 % train and validate, of which a fit has all but a fold, or three of four. */
function trainingRows(rows: number, folds: number): number {
  return rows * 0.8 * (folds > 1 ? 1 - 1 / folds : 0.75);
}
