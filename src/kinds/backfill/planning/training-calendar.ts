import { addDays, daysBetween } from '../../../planning/days.ts';
import type { Day } from '../../../planning/days.ts';

/** How often models are trained. */
export const trainFrequencies = [
  'daily',
  'weekly',
  'biweekly',
  'monthly',
  'quarterly',
  'semiannually',
  'annually',
] as const;
export type TrainFrequency = (typeof trainFrequencies)[number];

/** A Monday; every second Monday is counted from here. */
const firstMonday = '2000-01-03';

/**
 * The latest training date on or before a day. Training dates lie on the calendar (Mondays, the first of a month,
 * quarter, half-year, year), whatever range is asked for, so that three dates alone use the models of the whole.
 */
export function trainingDateOf(day: Day, frequency: TrainFrequency): Day {
  switch (frequency) {
    case 'daily':
      return day;
    case 'weekly':
      return stepsFromMonday(day, 7);
    case 'biweekly':
      return stepsFromMonday(day, 14);
    case 'monthly':
      return firstOfPeriod(day, 1);
    case 'quarterly':
      return firstOfPeriod(day, 3);
    case 'semiannually':
      return firstOfPeriod(day, 6);
    case 'annually':
      return firstOfPeriod(day, 12);
  }
}

function stepsFromMonday(day: Day, length: number): Day {
  const steps = Math.floor(daysBetween(firstMonday, day) / length);
  return addDays(firstMonday, steps * length);
}

function firstOfPeriod(day: Day, months: number): Day {
  const month = Number(day.slice(5, 7));
  const first = month - ((month - 1) % months);
  return `${day.slice(0, 4)}-${String(first).padStart(2, '0')}-01`;
}
