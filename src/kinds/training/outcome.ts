import type { Database } from '../../database/pool.ts';
import { higherIsBetter, metricTitle } from './models.ts';
import { readSelection } from './ledger.ts';

export interface Evaluation {
  part: string;
  candidate: 'winner' | 'baseline';
  rows: number;
  figures: Record<string, number | null>;
  intervals: Record<string, [number, number]>;
  detail: Record<string, unknown>;
  predictions: string | null;
}

/** Figures on rows that had no part in any choice: the test rows first, then later files in their order. */
export async function readEvaluations(database: Database, runId: string): Promise<Evaluation[]> {
  const found = await database.query<Evaluation>(
    `select part, candidate, rows, figures, intervals, detail, predictions
       from training_evaluations join training_refits using (run_id, model_id)
      where run_id = $1 order by part <> 'test', part, candidate desc`,
    [runId],
  );
  return found.rows;
}

export interface ClusterSize {
  /** From 0, the largest first; -1 is noise. */
  cluster: number;
  rows: number;
  /** The mean distance of its rows to its centre, in deviations of the columns. */
  distance: number;
}

export function clustersOf({ detail }: Evaluation): ClusterSize[] {
  return (detail['clusters'] ?? []) as ClusterSize[];
}

/** How large the clusters are: what a training without a target comes to. */
function clusterSentence(grouped: Evaluation): string {
  const sizes = clustersOf(grouped).filter(({ cluster }) => cluster >= 0);
  const noise = grouped.figures['noise'] ?? 0;
  const shown = sizes.slice(0, mostSizes).map(({ rows }) => rows.toLocaleString('en'));
  const more = sizes.length > mostSizes ? ', …' : '';
  const what = sizes.length === 1 ? 'one group' : `${sizes.length} clusters of ${shown.join(', ')}${more}`;
  return (
    `${grouped.rows.toLocaleString('en')} rows are ${what}` +
    (noise > 0 ? `; ${noise.toLocaleString('en')} are in none.` : '.')
  );
}

const mostSizes = 8;

/** How the winner did on the test rows, beside the baseline; undefined before that is known. */
export async function verdictSentence(database: Database, runId: string): Promise<string | undefined> {
  const selection = await readSelection(database, runId);
  const evaluations = await readEvaluations(database, runId);
  const grouped = evaluations.find(({ part }) => part === 'all');
  if (grouped !== undefined) return clusterSentence(grouped);
  const test = evaluations.filter(({ part }) => part === 'test');
  const winner = test.find(({ candidate }) => candidate === 'winner');
  const baseline = test.find(({ candidate }) => candidate === 'baseline');
  if (selection === undefined || winner === undefined || baseline === undefined) return undefined;
  const { metric } = selection;
  const [own, other] = [winner.figures[metric], baseline.figures[metric]];
  if (own == null || other == null) return undefined;
  const interval = winner.intervals[metric];
  const range = interval === undefined ? '' : ` (95 %: ${figure(interval[0])} to ${figure(interval[1])})`;
  const auc = winner.figures['auc'];
  const aside = auc == null || metric === 'auc' ? '' : `, AUC ${figure(auc)}`;
  return (
    `On ${winner.rows.toLocaleString('en')} test rows that had no part in the choice: ` +
    `${metricTitle(metric).toLowerCase()} ${figure(own)}${range}${aside}; the baseline has ${figure(other)}.` +
    (isBetter(own, other, metric) ? '' : ' It is no better than the baseline.')
  );
}

export function isBetter(own: number, other: number, metric: string): boolean {
  return higherIsBetter(metric) ? own > other : own < other;
}

function figure(value: number): string {
  return Math.abs(value) >= 1_000 ? value.toFixed(1) : value.toFixed(4);
}
