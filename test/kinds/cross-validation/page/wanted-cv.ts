/** What a made-up cross-validation (rows.ts) may have in it, and the models or parameter sets that it compares. */
import { hex, noise } from './made-numbers.ts';

export interface WantedCv {
  task?: 'survival' | 'classification' | 'regression';
  /** Models of a survival run, the simplest first. */
  models?: string[];
  /** Values by parameter of a grid. */
  grid?: Record<string, (number | string)[]>;
  classes?: string[];
  folds?: number;
  splitter?: string;
  synthetic?: boolean;
  /** Fits that are not there: `label/fold k`. */
  failed?: Record<string, { errorType: string; error: string }>;
  missing?: string[];
  parity?: boolean;
  /** Without it, the run has nothing chosen. */
  selected?: boolean;
  status?: string;
  /** No fits at all, or not even data. */
  upTo?: 'opened' | 'prepared' | 'fitted';
}

export const allModels = [
  'cox_ph',
  'coxnet',
  'weibull_aft',
  'cox_stratified',
  'gbsa',
  'xgb_cox',
  'lgb_cox',
  'rsf',
];
export const usualGrid = {
  lambda_l1: [0.3, 12, 40],
  max_depth: [10, 15, 17],
  feature_fraction: [0.1, 0.3, 0.4],
  lambda_l2: [0.01, 0.1],
};

export interface Candidate {
  label: string;
  model: string;
  params: Record<string, number | string | boolean>;
  paramsHash: string;
  /** What its figures hang on. */
  strength: number;
}

export interface FitScope {
  runId: string;
  dataVersion: string;
  task: 'survival' | 'classification' | 'regression';
  folds: number;
  splitter: string;
  candidates: Candidate[];
  wanted: WantedCv;
}

export function modelsOf(models: readonly string[]): Candidate[] {
  return models.map((model, i) => ({
    ...{ label: model, model, paramsHash: hex(8, model), strength: 0.004 * noise('strength', model) },
    params: model.startsWith('cox') ? { ridge: 1, max_iter: 100 } : { trees: 100 + i, rate: 0.1 },
  }));
}

export function setsOf(grid: Record<string, (number | string)[]>): Candidate[] {
  const names = Object.keys(grid);
  let sets: Record<string, number | string>[] = [{}];
  for (const name of names) {
    sets = sets.flatMap((set) => grid[name]!.map((value) => ({ ...set, [name]: value })));
  }
  return sets.map((set, i) => ({
    label: `lightgbm ${i + 1}`,
    model: 'lightgbm',
    paramsHash: hex(8, `lightgbm ${i + 1}`),
    params: { num_leaves: 2048, learning_rate: 0.03, ...set },
    strength:
      0.02 * Number(set['feature_fraction'] ?? 0) -
      0.0002 * Number(set['lambda_l1'] ?? 0) +
      0.0003 * Number(set['max_depth'] ?? 0),
  }));
}
