/** How figures of a training are written. */
import { dash } from '../../../pages/format.ts';
import { higherIsBetter, metricTitle } from '../models.ts';

const titles: Record<string, string> = {
  r2: 'R²',
  calinski_harabasz: 'Calinski-Harabasz',
  davies_bouldin: 'Davies-Bouldin',
  stability: 'Stability',
  noise: 'Noise rows',
  median_absolute_error: 'Median error',
  balanced_accuracy: 'Balanced accuracy',
  precision: 'Precision',
  recall: 'Recall',
  brier: 'Brier score',
};

export function titleOf(metric: string): string {
  return titles[metric] ?? metricTitle(metric);
}

/** Models differ in the third and fourth decimal. */
export function score(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return dash;
  if (Math.abs(value) >= 10) {
    return value.toLocaleString('en-US', { minimumSignificantDigits: 5, maximumSignificantDigits: 5 });
  }
  const text = value.toFixed(4);
  return text === '-0.0000' ? '0.0000' : text;
}

/** In the order in which a page shows them; `first` decides, so it comes first. */
export function metricsShown(names: readonly string[], first: string): string[] {
  const order = [
    ...['log_loss', 'auc', 'ks', 'accuracy', 'balanced_accuracy', 'f1', 'precision', 'recall', 'brier'],
    ...['rmse', 'mae', 'median_absolute_error', 'r2'],
    ...['silhouette', 'stability', 'calinski_harabasz', 'davies_bouldin'],
  ];
  return [first, ...order.filter((name) => name !== first && names.includes(name))];
}

export function better(metric: string): string {
  return higherIsBetter(metric) ? 'higher is better' : 'lower is better';
}
