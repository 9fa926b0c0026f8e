import type { PoolParameters } from './settings.ts';

/** A pool's figures on the day it is grouped by, percent points; null or not finite counts as missing. */
export interface GroupingFigures {
  apyDelta: number | null;
  stddev7d: number | null;
  stddev30d: number | null;
  stddev7dDelta: number | null;
  stddev30dDelta: number | null;
}

/** 1 calm, 2 moderate, 3 volatile, 4 figures missing (parity: also everything that fits nowhere). */
export type PoolGroup = 1 | 2 | 3 | 4;

export const poolGroupNames: Record<PoolGroup, string> = {
  1: 'calm',
  2: 'moderate',
  3: 'volatile',
  4: 'unknown',
};

export type GroupingRule = 'corrected' | 'parity';

export type GroupLimits = Pick<
  PoolParameters,
  Extract<keyof PoolParameters, `group${1 | 2 | 3}_${string}_m${'ax' | 'in'}`>
>;

export function groupPool(figures: GroupingFigures, limits: GroupLimits, rule: GroupingRule): PoolGroup {
  return rule === 'parity' ? parityGroup(figures, limits) : correctedGroup(figures, limits);
}

/** So many days vote on a group; those of before them say nothing of today. */
export const groupingDays = 7;

/**
 * The group of a pool from the days up to the one it is grouped by, oldest first, at most `groupingDays` of them: the
 * median of what each day alone would say, the more volatile one where two are in the middle. One quiet or wild day
 * changes nothing: by the last day alone a pool changed its group on 77 of 961 days, and the money followed. A pool
 * without figures on the last day is unknown. The original's rule knows only the last day.
 */
export function groupOver(
  days: readonly GroupingFigures[],
  limits: GroupLimits,
  rule: GroupingRule,
): PoolGroup {
  const last = days.at(-1);
  if (last === undefined) return 4;
  const now = groupPool(last, limits, rule);
  if (rule === 'parity' || now === 4) return now;
  const votes = days
    .slice(-groupingDays)
    .map((day) => correctedGroup(day, limits))
    .filter((group) => group !== 4)
    .sort();
  return votes[votes.length >> 1]!;
}

/** How much the APY moves: its change of a day, whatever the direction, and its deviations over a week and a month. */
function correctedGroup(figures: GroupingFigures, limits: GroupLimits): PoolGroup {
  const { apyDelta, stddev7d, stddev30d } = figures;
  if (!isKnown(apyDelta) || !isKnown(stddev7d) || !isKnown(stddev30d)) return 4;
  const within = (delta: number, week: number, month: number) =>
    Math.abs(apyDelta) <= points(delta) && stddev7d <= points(week) && stddev30d <= points(month);
  if (within(limits.group1_apy_delta_max, limits.group1_7d_stddev_max, limits.group1_30d_stddev_max))
    return 1;
  if (within(limits.group2_apy_delta_max, limits.group2_7d_stddev_max, limits.group2_30d_stddev_max))
    return 2;
  return 3;
}

/**
 * The original's rule, kept for comparison: signed day-to-day changes, and limits that are fractions held against
 * percent points. A comparison with a missing figure is false.
 */
function parityGroup(figures: GroupingFigures, limits: GroupLimits): PoolGroup {
  const { apyDelta: d, stddev7dDelta: a, stddev30dDelta: b } = figures;
  if (!isKnown(d) || !isKnown(a) || !isKnown(b)) return 4;
  const within = (delta: number, week: number, month: number) => d <= delta && a <= week && b <= month;
  if (within(limits.group1_apy_delta_max, limits.group1_7d_stddev_max, limits.group1_30d_stddev_max))
    return 1;
  if (within(limits.group2_apy_delta_max, limits.group2_7d_stddev_max, limits.group2_30d_stddev_max))
    return 2;
  const above =
    d > limits.group3_apy_delta_min && a > limits.group3_7d_stddev_min && b > limits.group3_30d_stddev_min;
  return above ? 3 : 4;
}

/** Fraction to percent points, without the dust of binary fractions (0.07 * 100 is 7.000000000000001). */
function points(fraction: number): number {
  return Number((fraction * 100).toPrecision(12));
}

function isKnown(figure: number | null): figure is number {
  return figure !== null && Number.isFinite(figure);
}
