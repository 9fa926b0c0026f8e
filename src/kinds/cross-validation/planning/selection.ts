/** The choice among candidates that were fitted on the same folds. */

/** A fit of one candidate on one fold. */
export interface FoldScore {
  /** The candidate: a model, or a set of parameters. */
  label: string;
  model: string;
  paramsHash: string;
  fold: number;
  /** The figure that decides; null if the fit has none. */
  value: number | null;
}

export interface Criterion {
  /** The column of `cv_fits` that decides. */
  metric: string;
  higherIsBetter: boolean;
  /** Labels from the simplest (or cheapest) to the least simple. */
  order: readonly string[];
  /** Every candidate must have been fitted on all of these. */
  folds: readonly number[];
  /** Test rows for each training row, mean over the folds: 0.25 with five folds. */
  testShare: number;
}

export interface Candidate {
  label: string;
  model: string;
  paramsHash: string;
  /** Over the folds that have a fit. */
  mean: number;
  deviation: number;
  standardError: number;
  worst: number;
  folds: number;
  missingFolds: number[];
  /** By how much the best candidate is better, fold by fold; all zero for the best itself. */
  difference: { mean: number; deviation: number; standardError: number };
  /** The best is better by no more than one standard error of the difference. */
  withinOneError: boolean;
}

/** Candidates with their figures, the best first; one that lacks a fold comes after those that are whole. */
export function leaderboard(scores: readonly FoldScore[], criterion: Criterion): Candidate[] {
  const { higherIsBetter, folds, order, testShare } = criterion;
  const byLabel = new Map<string, FoldScore[]>();
  for (const score of scores) {
    if (score.value === null || !folds.includes(score.fold)) continue;
    byLabel.set(score.label, [...(byLabel.get(score.label) ?? []), score]);
  }
  const sign = higherIsBetter ? 1 : -1;
  const rank = new Map(order.map((label, index) => [label, index]));
  const whole = [...byLabel.values()].filter((of) => of.length === folds.length);
  const best = [...whole].sort(
    (a, b) =>
      sign * (meanOf(b.map(valueOf)) - meanOf(a.map(valueOf))) ||
      rank.get(a[0]!.label)! - rank.get(b[0]!.label)!,
  )[0];
  const candidates = [...byLabel.values()].map((of): Candidate => {
    const values = of.map(valueOf);
    const mine = new Map(of.map(({ fold, value }) => [fold, value!]));
    const differences =
      best?.flatMap(({ fold, value }) => (mine.has(fold) ? [sign * (value! - mine.get(fold)!)] : [])) ?? [];
    const difference = statisticsOf(differences, testShare);
    const { label, model, paramsHash } = of[0]!;
    return {
      label,
      model,
      paramsHash,
      ...statisticsOf(values, testShare),
      worst: sign === 1 ? Math.min(...values) : Math.max(...values),
      folds: of.length,
      missingFolds: folds.filter((fold) => !mine.has(fold)),
      difference,
      withinOneError: of.length === folds.length && difference.mean <= difference.standardError,
    };
  });
  return candidates.sort(
    (a, b) =>
      a.missingFolds.length - b.missingFolds.length ||
      sign * (b.mean - a.mean) ||
      (rank.get(a.label) ?? 0) - (rank.get(b.label) ?? 0),
  );
}

/**
 * The simplest candidate that the best one beats by no more than one standard error of their paired difference. Asks for
 * candidates that have every fold.
 */
export function selectSimplest(
  candidates: readonly Candidate[],
  order: readonly string[],
): { chosen: Candidate; best: Candidate } {
  const best = candidates[0]!;
  const within = candidates.filter(({ withinOneError }) => withinOneError).map(({ label }) => label);
  const simplest = order.find((label) => within.includes(label)) ?? best.label;
  return { chosen: candidates.find(({ label }) => label === simplest)!, best };
}

const valueOf = ({ value }: FoldScore): number => value!;

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The standard error is that of Nadeau and Bengio (2003): folds share training rows, so their figures vary together, and
 * the deviation by the root of their number is too small, by half with five folds (docs/decisions/033).
 */
function statisticsOf(
  values: readonly number[],
  testShare: number,
): { mean: number; deviation: number; standardError: number } {
  if (values.length === 0) return { mean: 0, deviation: 0, standardError: 0 };
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1));
  return { mean, deviation, standardError: deviation * Math.sqrt(1 / values.length + testShare) };
}
