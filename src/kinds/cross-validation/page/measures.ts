/** The measures of a fit: how they are called, which way is better, and how they are written. */
import { dash } from '../../../pages/format.ts';

export type Task = 'survival' | 'classification' | 'regression';

export interface Measure {
  /** Its column in `cv_fits`. */
  key: string;
  name: string;
  /** At the head of a column. */
  short: string;
  higherIsBetter: boolean;
  /** In units of the target, of any size: written by significant digits. */
  scaled?: boolean;
}

const survival: Measure[] = [
  { key: 'cindex_tau', name: 'C-index to τ', short: 'C to τ', higherIsBetter: true },
  { key: 'ibs', name: 'integrated Brier score', short: 'IBS', higherIsBetter: false },
  { key: 'mean_auc', name: 'mean AUC', short: 'Mean AUC', higherIsBetter: true },
  { key: 'weighted_auc', name: 'weighted AUC', short: 'Weighted AUC', higherIsBetter: true },
  { key: 'cindex_harrell', name: "Harrell's C", short: "Harrell's C", higherIsBetter: true },
  { key: 'cindex', name: "Uno's C, not truncated", short: 'C, whole', higherIsBetter: true },
];
const classification: Measure[] = [
  { key: 'auc', name: 'ROC AUC', short: 'AUC', higherIsBetter: true },
  { key: 'accuracy', name: 'accuracy', short: 'Accuracy', higherIsBetter: true },
  { key: 'precision', name: 'precision', short: 'Precision', higherIsBetter: true },
  { key: 'recall', name: 'recall', short: 'Recall', higherIsBetter: true },
  { key: 'f1', name: 'F1', short: 'F1', higherIsBetter: true },
  { key: 'log_loss', name: 'log loss', short: 'Log loss', higherIsBetter: false },
];
const regression: Measure[] = [
  { key: 'rmse', name: 'RMSE', short: 'RMSE', higherIsBetter: false, scaled: true },
  { key: 'mae', name: 'MAE', short: 'MAE', higherIsBetter: false, scaled: true },
  { key: 'r2', name: 'R²', short: 'R²', higherIsBetter: true },
];

export const measures: Record<Task, readonly Measure[]> = { survival, classification, regression };

/** One that is not known is taken as better when it is higher. */
export function measureOf(key: string): Measure {
  return (
    [...survival, ...classification, ...regression].find((measure) => measure.key === key) ?? {
      ...{ key, name: key, short: key, higherIsBetter: true },
    }
  );
}

/** Models differ in the third and fourth decimal. */
export function score(value: number | null | undefined, measure?: Pick<Measure, 'scaled'>): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return dash;
  if (measure?.scaled && Math.abs(value) >= 10) {
    return value.toLocaleString('en-US', {
      minimumSignificantDigits: 5,
      maximumSignificantDigits: 5,
    });
  }
  const text = value.toFixed(4);
  return text === '-0.0000' ? '0.0000' : text;
}

/** For an axis: no more digits than it needs. */
export function tick(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 5 });
}

/** A time of the data, in whatever unit its column has. */
export function time(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? dash
    : value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 1 });
}

/** 97.5 % quantiles of Student's t with 1, 2, … degrees of freedom. */
const studentT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086,
];

/** Half of the 95 % interval of a mean over `folds`; null where one fold alone says nothing of the spread. */
export function halfInterval(standardError: number, folds: number): number | null {
  if (folds < 2 || !Number.isFinite(standardError)) return null;
  const freedom = folds - 1;
  // Beyond the table the series t = 1.96 + 2.5/n is right to three digits.
  return (studentT[freedom - 1] ?? 1.96 + 2.5 / freedom) * standardError;
}
