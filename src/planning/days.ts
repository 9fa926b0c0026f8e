/** A UTC calendar day, `YYYY-MM-DD`. Days of this form sort as text. */
export type Day = string;

const dayMs = 86_400_000;

/**
 * No series here is older, and nothing is planned further ahead: a day beyond is a slip, and a loop to it has no end. The
 * same in spark/sevenfold_jobs/common/bounds.py; a test compares them.
 */
export const [earliest, latest] = ['1900-01-01', '2199-12-31'];

/** What a day must be, as the end of a sentence. */
export const dayAllowed = `a day of the calendar as YYYY-MM-DD, from ${earliest} to ${latest}`;

/** True for a day that exists, from 1900 to 2199: 2024-02-29 is one, 2025-02-29, 2025-6-1 and 9999-12-31 are not. */
export function isDay(value: unknown): value is Day {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  if (value < earliest || value > latest) return false;
  const midnight = new Date(`${value}T00:00:00Z`);
  // Date carries 2025-02-30 over into March instead of refusing it.
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().slice(0, 10) === value;
}

/** The day `count` days later; earlier for a negative count. */
export function addDays(day: Day, count: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * dayMs).toISOString().slice(0, 10);
}

/** Days from one day to the other: 1 from today to tomorrow, negative backwards. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / dayMs);
}
