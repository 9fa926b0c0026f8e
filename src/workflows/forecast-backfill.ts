import type { RunSummary } from '../activities/runs.ts';
import { parseBackfillInput } from '../kinds/backfill/input.ts';
import { carryOutForecasts, evaluateStep, verifyOnly, reportStep } from './forecast-work.ts';
import type { Carried } from './forecast-work.ts';
import { carriedOver } from './one-input.ts';
import { accepted } from './run-control.ts';

/**
 * The forecasts of a range of dates as they would have been made on each of them: missing models are trained, dates are
 * made in chunks, the tables are read to see what is there, bad dates are quarantined, and the range is scored and reported.
 */
export async function forecastBackfill(
  raw: unknown,
  handed?: Carried,
  ...more: unknown[]
): Promise<RunSummary> {
  const carried = carriedOver(handed, ...more);
  const input = accepted(parseBackfillInput(raw));
  return carryOutForecasts(raw, { kind: 'forecastBackfill', input, carried }, (fanned) =>
    input.verifyOnly === true
      ? [verifyOnly('train'), verifyOnly('infer'), reportStep]
      : [fanned('train'), fanned('infer'), evaluateStep, reportStep],
  );
}
