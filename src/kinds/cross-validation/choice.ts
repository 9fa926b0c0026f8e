/** The choice among the candidates of a cross-validation: which is the simpler one, and what is said of it. */
import { gridModel, simplestFirst } from './candidates.ts';
import type { CvCandidate } from './candidates.ts';
import type { Task, Value } from './input.ts';
import type { StoredFit } from './ledger.ts';
import { meanOf } from './planning/selection.ts';
import type { Candidate } from './planning/selection.ts';

/** What LightGBM takes where a set does not say. */
const usualLeaves = 31;

/**
 * Labels from the simplest: survival models by what a reader must know to understand them; sets of a grid by what they
 * cost, which is trees × share of the columns × depth, and the same for everybody who repeats the run.
 */
export function orderOf(
  { models, task }: { models: readonly CvCandidate[]; task: Task },
  fits: readonly Pick<StoredFit, 'label' | 'bestIteration'>[],
): string[] {
  const labels = models.map(({ label }) => label);
  if (task === 'survival') {
    const rank = (label: string): number => simplestFirst.indexOf(label as (typeof simplestFirst)[number]);
    return labels.sort((a, b) => rank(a) - rank(b));
  }
  const cost = new Map(
    models.map(({ label, params }) => {
      const trees = fits.flatMap((fit) => (fit.label === label ? [fit.bestIteration ?? 0] : []));
      const share = Number(params['feature_fraction'] ?? 1);
      return [label, meanOf(trees.length > 0 ? trees : [0]) * share * depthOf(params)];
    }),
  );
  return labels.sort((a, b) => cost.get(a)! - cost.get(b)!);
}

/** How deep a tree can grow: -1 and 0 set no limit, and then its leaves do, one behind the other. */
export function depthOf(params: Record<string, Value>): number {
  const deepest = Math.max(1, Number(params['num_leaves'] ?? usualLeaves) - 1);
  const limit = Number(params['max_depth'] ?? -1);
  return limit > 0 ? Math.min(limit, deepest) : deepest;
}

/** Why this one, in one sentence. */
export function reasonOf(
  { metric, models }: { metric: string; models: readonly CvCandidate[] },
  of: { chosen: Candidate; best: Candidate; simplest: string; folds: number },
): string {
  const { chosen, best, simplest, folds } = of;
  const figure = ({ mean, standardError }: Candidate): string =>
    `${mean.toFixed(4)} (standard error ${standardError.toFixed(4)})`;
  if (models.length === 1) return `${chosen.label} is the only candidate: ${metric} ${figure(chosen)}.`;
  const isGrid = chosen.model === gridModel;
  if (chosen.label === best.label) {
    const others =
      chosen.label === simplest
        ? `it is the ${isGrid ? 'cheapest set' : 'simplest model'} as well`
        : `no ${isGrid ? 'cheaper set' : 'simpler model'} comes within one standard error of it`;
    return `${chosen.label} has the best mean ${metric} over ${folds} folds, ${figure(best)}; ${others}.`;
  }
  const { mean, standardError } = chosen.difference;
  return (
    `${chosen.label} is kept although ${best.label} has the best mean ${metric} (${best.mean.toFixed(4)} against ${chosen.mean.toFixed(4)}): ` +
    `their difference over ${folds} folds is ${mean.toFixed(4)}, within its standard error of ${standardError.toFixed(4)}, and ` +
    `${chosen.label} is ${isGrid ? 'cheaper' : 'simpler'}.`
  );
}

/** What the newest fold of a time series says of the chosen one; empty where all folds had a part in the choice. */
export function heldOutWords(
  fits: readonly StoredFit[],
  { label }: Candidate,
  fold: number | undefined,
  metric: string,
): string {
  const value = fits.find((fit) => fit.label === label && fit.fold === fold)?.value;
  if (fold === undefined || value == null) return '';
  return `On fold ${fold}, which had no part in the choice, its ${metric} is ${value.toFixed(4)}.`;
}

/** Notes of a fit that its figures alone would hide. */
const cautions = /^(not converged|predicts the same|all coefficients are zero)/;

/** What a reader of the chosen one's figures must know: that it has not converged, or learnt nothing. */
export function cautionWords(fits: readonly StoredFit[], { label }: Candidate): string {
  const mine = fits.filter((fit) => fit.label === label);
  const counts = new Map<string, number>();
  for (const note of mine.flatMap(({ notes }) => notes)) {
    if (cautions.test(note)) counts.set(note, (counts.get(note) ?? 0) + 1);
  }
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  if (first === undefined) return '';
  return `Mind that on ${first[1]} of ${mine.length} folds it ${first[0].replace(/^not converged/, 'has not converged').replace(/^all coefficients are zero/, 'has no coefficient but zero')}.`;
}

/** A model that takes no part, because it fails on every fold. */
export interface Out {
  label: string;
  reason: string;
}

export function outWords(out: readonly Out[]): string {
  if (out.length === 0) return '';
  return `Out of the running, as every fold failed: ${out.map(({ label, reason }) => `${label} (${reason.replace(/\.$/, '')})`).join('; ')}.`;
}

/** Why nothing can be chosen yet. */
export function refusalOf(
  missing: readonly { label: string; folds: number[]; reason: string | null }[],
  key: string,
): string {
  const named = missing.slice(0, 3).map(({ label, folds, reason }) => {
    const which = `${label} lacks fold ${folds.join(', ')}`;
    return reason === null ? which : `${which} (${reason})`;
  });
  const more = missing.length > 3 ? `; and ${missing.length - 3} more` : '';
  return `No model is chosen: ${named.join('; ')}${more}. Run: sevenfold retry ${key}`;
}
