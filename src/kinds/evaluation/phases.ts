import type { Day } from '../../planning/days.ts';
import type { DailyPhase } from '../daily/phases.ts';

/** The units of an evaluation: the phases that bring the data, then stretches of days. */
export type PoolUnit = DailyPhase | `days ${Day}..${Day}`;

/** The first and the last day of a unit that is a stretch of days. */
export function stretchOf(unit: PoolUnit): { firstDay: Day; lastDay: Day } | undefined {
  const match = /^days (\S+)\.\.(\S+)$/.exec(unit);
  return match ? { firstDay: match[1]!, lastDay: match[2]! } : undefined;
}
