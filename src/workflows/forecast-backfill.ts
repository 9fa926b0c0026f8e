import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import { parseBackfillInput } from '../kinds/backfill/input.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { evaluateStep, fannedSteps, lookedAt, reportStep } from './forecast-work.ts';
import type { Carried } from './forecast-work.ts';
import { carriedOver } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { accepted, carryOut, yesterdayOf } from './run-control.ts';

const { openForecasts } = proxyActivities<Activities>(lightActivityOptions);

/**
 * The forecasts of a range of dates as they would have been made on each of them: missing models are trained, dates are
 * made in chunks, the sink is read to see what is there, what is bad is set apart, and the whole is scored and shown.
 */
export async function forecastBackfill(
  raw: unknown,
  handed?: Carried,
  ...more: unknown[]
): Promise<RunSummary> {
  const carried = carriedOver(handed, ...more);
  const input = accepted(parseBackfillInput(raw));
  const yesterday = yesterdayOf(carried);
  const fanned = fannedSteps(raw, { yesterday, concurrency: input.concurrency, carried });
  const steps =
    input.verifyOnly === true
      ? [lookedAt('train'), lookedAt('infer'), reportStep]
      : [fanned('train'), fanned('infer'), evaluateStep, reportStep];
  return carryOut(
    {
      kind: 'forecastBackfill',
      date: yesterday,
      priority: backfillPriority,
      steps,
      paused: carried?.paused === true,
    },
    (claimant) =>
      openForecasts({
        ...claimant,
        kind: 'forecastBackfill',
        input,
        yesterday,
        phases: steps.map(({ unit }) => unit),
      }),
  );
}
