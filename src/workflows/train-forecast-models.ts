import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import { parseTrainInput } from '../kinds/backfill/input.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { fannedSteps, reportStep } from './forecast-work.ts';
import type { Carried } from './forecast-work.ts';
import { carriedOver } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { accepted, carryOut, yesterdayOf } from './run-control.ts';

const { openForecasts } = proxyActivities<Activities>(lightActivityOptions);

/** The training part of a backfill alone: every window of the range has its model afterwards. */
export async function trainForecastModels(
  raw: unknown,
  handed?: Carried,
  ...more: unknown[]
): Promise<RunSummary> {
  const carried = carriedOver(handed, ...more);
  const input = accepted(parseTrainInput(raw));
  const yesterday = yesterdayOf(carried);
  const fanned = fannedSteps(raw, { yesterday, concurrency: input.concurrency, carried });
  const steps = [fanned('train'), reportStep];
  return carryOut(
    {
      kind: 'trainForecastModels',
      date: yesterday,
      priority: backfillPriority,
      steps,
      paused: carried?.paused === true,
    },
    (claimant) =>
      openForecasts({
        ...claimant,
        kind: 'trainForecastModels',
        input,
        yesterday,
        phases: steps.map(({ unit }) => unit),
      }),
  );
}
