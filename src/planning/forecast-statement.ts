import type { UnitTally } from '../ledger/chunks.ts';
import type { UnitRange } from '../ledger/unit-ranges.ts';
import { rangeText } from './forecast-dates.ts';

/** Reasons that a statement names; the rest is counted. `why` has them all. */
const namedRanges = 3;

/** What a run of forecasts ended with, in one line: rows found of rows due, and what is not there with its reasons. */
export function forecastStatement(
  { key, kind }: { key: string; kind: string },
  status: string,
  tallies: readonly UnitTally[],
  counts: Record<string, number>,
  ranges: readonly UnitRange[],
): string {
  const dates = tallies.filter((tally) => tally.kind === 'date');
  const windows = tallies.filter((tally) => tally.kind === 'window');
  const total = (of: readonly UnitTally[], field: keyof UnitTally): number =>
    of.reduce((sum, tally) => sum + Number(tally[field]), 0);
  const parts: string[] = [];
  if (kind === 'auditForecasts') {
    parts.push(
      dates.length === 0
        ? 'no date of the range is whole, so that none could be looked at: run the backfill first'
        : `${n(total(dates, 'complete'))} of ${n(total(dates, 'units'))} dates have the bytes they should have`,
    );
  } else if (dates.length > 0) {
    parts.push(
      `${n(total(dates, 'rowsFound'))} of ${n(total(dates, 'rowsDue'))} rows`,
      `${n(counts['points'] ?? 0)} of ${n(counts['pointsDue'] ?? 0)} points`,
      `${n(total(dates, 'complete'))} of ${n(total(dates, 'units') - total(dates, 'skipped'))} dates`,
    );
  }
  if (kind === 'trainForecastModels') {
    parts.push(
      `${n(total(windows, 'complete'))} of ${n(total(windows, 'units') - total(windows, 'skipped'))} models`,
    );
  }
  const skipped = total(dates.length > 0 ? dates : windows, 'skipped');
  if (skipped > 0) parts.push(`${n(skipped)} skipped`);
  const left = named(ranges, (verdict) => verdict !== 'skipped');
  const passed = named(ranges, (verdict) => verdict === 'skipped');
  const verb =
    status === 'complete' ? 'is complete' : status === 'cancelled' ? 'was cancelled' : `is ${status}`;
  return [
    `${key} ${verb}: ${parts.join(', ')}.`,
    ...(left.length > 0 ? [`Left: ${left.join('; ')}.`] : []),
    ...(passed.length > 0 ? [`Skipped: ${passed.join('; ')}.`] : []),
    ...(status === 'complete' ? [] : [`Run: sevenfold why ${key}`]),
  ].join(' ');
}

function named(ranges: readonly UnitRange[], wanted: (verdict: string) => boolean): string[] {
  // A date that only waits for its model is told by the window.
  const told = ranges.filter(({ verdict }) => wanted(verdict));
  const lines = told.slice(0, namedRanges).map((range) => {
    const what = range.kind === 'window' ? ' (training)' : '';
    return `${range.modelVersion} ${rangeText(range)}${what} ${range.reason ?? range.verdict}`;
  });
  return told.length > namedRanges ? [...lines, `${told.length - namedRanges} more ranges`] : lines;
}

const n = (value: number): string => value.toLocaleString('en-US');
