/** The candidates side by side: what decides, and the means of the other measures. */
import { leaderboard } from '../planning/selection.ts';
import type { Candidate } from '../planning/selection.ts';
import type { CvFold, CvReport, CvRequest, Fit } from './content.ts';
import { mean } from './curves.ts';
import { measureOf } from './measures.ts';

/** The newest fold of a time series, as long as two are left to compare: what it says of the chosen one is no boast. */
export function heldOutOf({ splitter, folds }: Pick<CvRequest, 'splitter' | 'folds'>): number | null {
  return splitter === 'timeSeries' && folds > 2 ? folds : null;
}

/** Ranks the fits that are there, as the selection would. */
export function boardOf(
  fits: readonly Fit[],
  request: CvRequest,
  sizes: readonly Pick<CvFold, 'fold' | 'trainRows' | 'testRows'>[],
): Candidate[] {
  const { metric, models } = request;
  const labels = models.map(({ label }) => label);
  const all =
    request.folds > 0
      ? Array.from({ length: request.folds }, (_, i) => i + 1)
      : [...new Set(fits.map(({ fold }) => fold))].sort((a, b) => a - b);
  const folds = all.filter((fold) => fold !== heldOutOf(request));
  const shares = sizes
    .filter(({ fold, trainRows }) => folds.includes(fold) && trainRows > 0)
    .map(({ trainRows, testRows }) => testRows / trainRows);
  return leaderboard(
    fits.map((fit) => ({ ...fit, value: fit.figures[metric] ?? null })),
    {
      ...{ metric, folds, testShare: mean(shares) ?? 0, higherIsBetter: measureOf(metric).higherIsBetter },
      order: labels.length > 0 ? labels : [...new Set(fits.map(({ label }) => label))],
    },
  );
}

/** Sets of a long grid that are listed one by one. */
export const mostListed = 20;

/** The first of a board, and the shown one where it is further down. */
export function listed({ board, shown }: Pick<CvReport, 'board' | 'shown'>): Candidate[] {
  const first = board.slice(0, mostListed);
  return shown === null || first.includes(shown) ? first : [...first, shown];
}

/** The mean of any measure over the folds that decide; null where a candidate has none. */
export function meanOf(
  { fits, heldOut }: Pick<CvReport, 'fits' | 'heldOut'>,
  label: string,
  measure: string,
): number | null {
  const mine = fits.filter((fit) => fit.label === label && fit.fold !== heldOut);
  return mean(mine.map(({ figures }) => figures[measure]));
}

/** A measure of one fold; null where the fit is not there. */
export function valueOf(
  { fits }: Pick<CvReport, 'fits'>,
  label: string,
  fold: number,
  measure: string,
): number | null {
  return fits.find((fit) => fit.label === label && fit.fold === fold)?.figures[measure] ?? null;
}

/** The parameters in which the candidates of one model differ, and their values in the order asked for. */
export function varied({ request, fits }: Pick<CvReport, 'request' | 'fits'>): Map<string, unknown[]> {
  const models = request.models.length > 0 ? request.models : fits;
  const first = models[0]?.model;
  const values = new Map<string, Map<string, unknown>>();
  for (const { model, params } of models) {
    if (model !== first) continue;
    for (const [name, value] of Object.entries(params)) {
      const of = values.get(name) ?? new Map<string, unknown>();
      values.set(name, of.set(JSON.stringify(value), value));
    }
  }
  return new Map(
    [...values].filter(([, of]) => of.size > 1).map(([name, of]) => [name, [...of.values()].sort(inOrder)]),
  );
}

function inOrder(a: unknown, b: unknown): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1;
}

/** By label: the parameters of a candidate. */
export function paramsOf({
  request,
  fits,
}: Pick<CvReport, 'request' | 'fits'>): Map<string, Record<string, unknown>> {
  return new Map([...fits, ...request.models].map(({ label, params }) => [label, params]));
}
