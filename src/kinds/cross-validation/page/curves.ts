/** Curves of several folds as one: every fold has its own grid of times. */

export type Point = readonly [x: number, y: number];

/** What a fold's curve is: values on its grid, those that are not known null. */
export interface Curve {
  grid: readonly number[];
  values: readonly (number | null)[];
}

const points = 50;

/**
 * The mean of curves over the range that all of them cover, each read between its grid points by a straight line.
 * Empty where they have no range in common.
 */
export function meanCurve(curves: readonly Curve[]): Point[] {
  const known = curves.map(knownPoints).filter((curve) => curve.length > 0);
  if (known.length === 0) return [];
  const from = Math.max(...known.map((curve) => curve[0]![0]));
  const to = Math.min(...known.map((curve) => curve.at(-1)![0]));
  if (!(from <= to)) return [];
  const number = from === to ? 1 : points;
  return Array.from({ length: number }, (_, i): Point => {
    const x = number === 1 ? from : i === number - 1 ? to : from + ((to - from) * i) / (number - 1);
    return [x, known.reduce((sum, curve) => sum + at(curve, x), 0) / known.length];
  });
}

function knownPoints({ grid, values }: Curve): Point[] {
  return grid.flatMap((x, i): Point[] => {
    const y = values[i];
    return y === null || y === undefined || !Number.isFinite(y) || !Number.isFinite(x) ? [] : [[x, y]];
  });
}

function at(curve: readonly Point[], x: number): number {
  const after = curve.findIndex(([place]) => place >= x);
  const [right, y] = curve[after === -1 ? curve.length - 1 : after]!;
  const before = curve[after - 1];
  if (after <= 0 || before === undefined || right === before[0]) return y;
  return before[1] + ((y - before[1]) * (x - before[0])) / (right - before[0]);
}

/** A mean in which each value counts as often as it has rows; null of nothing. */
export function weightedMean(
  values: readonly { value: number | null | undefined; rows: number }[],
): number | null {
  const known = values.filter(({ value, rows }) => Number.isFinite(value ?? NaN) && rows > 0);
  const rows = known.reduce((sum, each) => sum + each.rows, 0);
  return rows === 0 ? null : known.reduce((sum, each) => sum + each.value! * each.rows, 0) / rows;
}

export function mean(values: readonly (number | null | undefined)[]): number | null {
  return weightedMean(values.map((value) => ({ value, rows: 1 })));
}
