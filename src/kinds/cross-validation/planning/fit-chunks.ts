import { repair } from '../../../planning/chunks.ts';
import type { ChunkPlan, OpenUnit } from '../../../planning/chunks.ts';
import type { CvPlan } from './mode.ts';

/** A fit that has to be done. */
export interface OpenFit extends OpenUnit {
  fold: number;
  /** Expected, of one core. */
  seconds: number;
}

/**
 * Seconds of work for one process, in a batch that is not split by fold. The run can be paused between batches, and new
 * plans use what the fits before took; but at the end of each a process waits for the other one's last fit, a minute with
 * 300,000 rows.
 */
const secondsOfABatch = 600;

/** An expectation can be six times too small: a model nobody has measured, a set far dearer than others, a busy machine. */
const timesExpected = 20;
const leastLimitMs = 60 * 60_000;
/** The longest limit that engines accept. */
const mostLimitMs = 7 * 24 * 60 * 60_000;

/** How long a batch of fits may take before it is ended, and what is under way in it lost. */
export function limitOfFits(fits: readonly Pick<OpenFit, 'seconds'>[], processes: number): number {
  const all = fits.reduce((sum, { seconds }) => sum + seconds, 0);
  const longest = Math.max(0, ...fits.map(({ seconds }) => seconds));
  const expectedMs = Math.max(longest, all / processes) * 1000;
  return Math.min(mostLimitMs, Math.max(leastLimitMs, Math.ceil(timesExpected * expectedMs)));
}

/**
 * What is sent next: with Spark a batch for each fold, whose fits share its prepared arrays; without, one batch, or
 * several where it would take long. Within a batch the longest fit comes first, so that none is left alone at its end,
 * but for one process, which takes models and folds in their order. What failed is sent again or given up as elsewhere.
 */
export function planFits(fits: readonly OpenFit[], { mode, processes }: CvPlan): ChunkPlan {
  const plan: ChunkPlan = { chunks: [], givenUp: [] };
  const fresh = fits.filter(({ failureType }) => failureType === null);
  const chunks =
    mode === 'spark_local' || mode === 'spark_cluster' ? byFold(fresh) : bySeconds(fresh, processes);
  const width = (chunk: readonly OpenFit[]): number => chunk.reduce((sum, { seconds }) => sum + seconds, 0);
  const ordered = mode === 'pandas' ? chunks : [...chunks].sort((a, b) => width(b) - width(a));
  for (const chunk of ordered) {
    const fitsInOrder = mode === 'pandas' ? chunk : [...chunk].sort((a, b) => b.seconds - a.seconds);
    plan.chunks.push(fitsInOrder.map(({ unit }) => unit));
  }
  const failed = new Map<string, OpenFit[]>();
  for (const fit of fits) {
    if (fit.failureType === null) continue;
    const group = `${fit.chunk} ${fit.failureType} ${fit.reason}`;
    failed.set(group, [...(failed.get(group) ?? []), fit]);
  }
  for (const group of failed.values()) repair(group, plan);
  return plan;
}

function byFold(fits: readonly OpenFit[]): OpenFit[][] {
  const folds = new Map<number, OpenFit[]>();
  for (const fit of fits) folds.set(fit.fold, [...(folds.get(fit.fold) ?? []), fit]);
  return [...folds.values()];
}

function bySeconds(fits: readonly OpenFit[], processes: number): OpenFit[][] {
  const chunks: OpenFit[][] = [];
  let filled = Infinity;
  for (const fit of fits) {
    if (filled + fit.seconds > secondsOfABatch * processes) {
      chunks.push([]);
      filled = 0;
    }
    chunks.at(-1)!.push(fit);
    filled += fit.seconds;
  }
  return chunks;
}
