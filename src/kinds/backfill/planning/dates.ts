import { addDays } from '../../../planning/days.ts';
import type { Day } from '../../../planning/days.ts';
import { trainingDateOf } from './training-calendar.ts';
import type { TrainFrequency } from './training-calendar.ts';

/** A forecast date that is due, and the last day whose rows it may read. */
export interface DueDate {
  date: Day;
  asOf: Day;
  /** The window it belongs to: the latest training date on or before it. */
  trainingDate: Day;
}

/** Fewer rows than this before a training date: no model is trained there, and the dates of its window are skipped. */
export const minimumHistory = 1_095;

/** How far behind the newest price the one date after it may lie: a series that ended is not forecast for ever. */
const longestGap = 10;

/**
 * The forecast dates from `start` to `end`. `openDays` are the days that have a row, in order: trading days, or every day
 * of the calendar. After the newest one more is due: the next weekday (in calendar mode the next day).
 */
export function dueDates(
  openDays: readonly Day[],
  {
    start,
    end,
    calendar,
    trainFrequency,
  }: {
    start: Day;
    end: Day;
    calendar: 'trading' | 'calendar';
    trainFrequency: TrainFrequency;
  },
): DueDate[] {
  const due: DueDate[] = [];
  const add = (date: Day, asOf: Day): void => {
    due.push({ date, asOf, trainingDate: trainingDateOf(date, trainFrequency) });
  };
  for (let index = Math.max(1, countBefore(openDays, start)); index < openDays.length; index += 1) {
    const date = openDays[index]!;
    if (date > end) return due;
    add(date, openDays[index - 1]!);
  }
  const newest = openDays.at(-1);
  if (newest !== undefined) {
    const next = nextDay(newest, start, calendar);
    if (next <= end && next <= addDays(newest, longestGap)) add(next, newest);
  }
  return due;
}

function nextDay(newest: Day, start: Day, calendar: 'trading' | 'calendar'): Day {
  let next = addDays(newest, 1);
  if (calendar === 'calendar') return next;
  if (start > next) next = start;
  while (isWeekend(next)) next = addDays(next, 1);
  return next;
}

function isWeekend(day: Day): boolean {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}

/** How many of the sorted days lie before a day. */
export function countBefore(days: readonly Day[], day: Day): number {
  let low = 0;
  let high = days.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (days[middle]! < day) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Days as ranges of neighbours in `all`: what is missing reads as "2015-01-13..2015-03-02, 2021-07-06". */
export function rangesOf(
  days: readonly Day[],
  all: readonly Day[],
): { first: Day; last: Day; dates: number }[] {
  const wanted = new Set(days);
  const ranges: { first: Day; last: Day; dates: number }[] = [];
  let open: { first: Day; last: Day; dates: number } | undefined;
  for (const date of all) {
    if (!wanted.has(date)) {
      open = undefined;
    } else if (open) {
      open.last = date;
      open.dates += 1;
    } else {
      open = { first: date, last: date, dates: 1 };
      ranges.push(open);
    }
  }
  return ranges;
}

export function rangeText({ first, last }: { first: Day; last: Day }): string {
  return first === last ? first : `${first}..${last}`;
}

/**
 * Why nothing can be made of a range: what its last training date, the one with most rows before it, lacks. Undefined where
 * one of its windows has enough.
 */
export function shortHistory(openDays: readonly Day[], due: readonly DueDate[]): string | undefined {
  const last = due.map(({ trainingDate }) => trainingDate).reduce((a, b) => (a > b ? a : b), '');
  return last === '' || hasHistory(openDays, last) ? undefined : historyLacks(openDays, last);
}

/** For example "needs 1,095 rows before 2021-01-01, has 260". */
export function historyLacks(openDays: readonly Day[], trainingDate: Day): string {
  const [needed, has] = [minimumHistory, countBefore(openDays, trainingDate)].map((n) =>
    n.toLocaleString('en-US'),
  );
  return `needs ${needed} rows before ${trainingDate}, has ${has}`;
}

/** Whether a model can be trained at a training date. */
export function hasHistory(openDays: readonly Day[], trainingDate: Day): boolean {
  return countBefore(openDays, trainingDate) >= minimumHistory;
}
