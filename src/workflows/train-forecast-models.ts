import type { RunSummary } from '../activities/runs.ts';
import { parseTrainInput } from '../kinds/backfill/input.ts';
import { carryOutForecasts, reportStep } from './forecast-work.ts';
import type { Carried } from './forecast-work.ts';
import { carriedOver } from './one-input.ts';
import { accepted } from './run-control.ts';

/** The training part of a backfill alone: every window of the range has its model afterwards. */
export async function trainForecastModels(
  raw: unknown,
  handed?: Carried,
  ...more: unknown[]
): Promise<RunSummary> {
  const carried = carriedOver(handed, ...more);
  const input = accepted(parseTrainInput(raw));
  return carryOutForecasts(raw, { kind: 'trainForecastModels', input, carried }, (fanned) => [
    fanned('train'),
    reportStep,
  ]);
}
