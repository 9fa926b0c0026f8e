import type { Database } from '../../database/pool.ts';
import type { UnitTally } from '../../ledger/chunks.ts';
import type { Run } from '../../ledger/runs.ts';
import { unitRanges } from '../../ledger/unit-ranges.ts';
import type { UnitRange } from '../../ledger/unit-ranges.ts';
import type { Ending } from '../kind.ts';
import { rangeText } from './planning/dates.ts';

/** Reasons that a statement names; the rest is counted. `why` has them all. */
const namedRanges = 3;

/** What a run of forecasts ended with, in one line: what was made (`parts`), and what is not there with its reasons. */
export async function forecastStatement(
  database: Database,
  { runId, key }: Pick<Run, 'runId' | 'key'>,
  { status, tallies }: Pick<Ending, 'status' | 'tallies'>,
  parts: readonly string[],
): Promise<string> {
  const ranges = await unitRanges(database, runId);
  const skipped = total(datesOf(tallies).length > 0 ? datesOf(tallies) : windowsOf(tallies), 'skipped');
  const made = skipped > 0 ? [...parts, `${n(skipped)} skipped`] : parts;
  const left = named(ranges, (verdict) => verdict !== 'skipped');
  const passed = named(ranges, (verdict) => verdict === 'skipped');
  const verb =
    status === 'complete' ? 'is complete' : status === 'cancelled' ? 'was cancelled' : `is ${status}`;
  return [
    `${key} ${verb}: ${made.join(', ')}.`,
    ...(left.length > 0 ? [`Left: ${left.join('; ')}.`] : []),
    ...(passed.length > 0 ? [`Skipped: ${passed.join('; ')}.`] : []),
    ...(status === 'complete' ? [] : [`Run: sevenfold why ${key}`]),
  ].join(' ');
}

export function datesOf(tallies: readonly UnitTally[]): UnitTally[] {
  return tallies.filter(({ kind }) => kind === 'date');
}

export function windowsOf(tallies: readonly UnitTally[]): UnitTally[] {
  return tallies.filter(({ kind }) => kind === 'window');
}

export function total(of: readonly UnitTally[], field: keyof UnitTally): number {
  return of.reduce((sum, tally) => sum + Number(tally[field]), 0);
}

export const n = (value: number): string => value.toLocaleString('en-US');

function named(ranges: readonly UnitRange[], wanted: (verdict: string) => boolean): string[] {
  // A date that only waits for its model is reported with its window.
  const reported = ranges.filter(({ verdict }) => wanted(verdict));
  const lines = reported.slice(0, namedRanges).map((range) => {
    const what = range.kind === 'window' ? ' (training)' : '';
    return `${range.modelVersion} ${rangeText(range)}${what} ${range.reason ?? range.verdict}`;
  });
  return reported.length > namedRanges ? [...lines, `${reported.length - namedRanges} more ranges`] : lines;
}
