import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import { isDailyPhase } from '../kinds/daily/phases.ts';
import { evaluationKey, evaluationUnits, parseEvaluationInput } from '../kinds/evaluation/input.ts';
import { evaluationPriority } from '../planning/priorities.ts';
import { refuseMore } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { poolBatch, work } from './pool-work.ts';
import { accepted, carryOut, dayOf } from './run-control.ts';

const { openRun } = proxyActivities<Activities>(lightActivityOptions);

/**
 * How good the forecasts of the last days would have been: the data of a run date, then a walk forward over the days
 * before it, each refitted as the run of that day would have been. The verdict by day is in forecast_evaluation_days.
 */
export async function evaluatePools(raw: unknown, ...more: unknown[]): Promise<RunSummary> {
  refuseMore(more);
  const input = accepted(parseEvaluationInput(raw));
  const date = dayOf(input);
  const units = evaluationUnits(date, input.days);
  return carryOut(
    {
      kind: 'evaluatePools',
      date,
      priority: evaluationPriority,
      steps: units.map((unit) => ({
        unit,
        force: input.force === true && !isDailyPhase(unit),
        work: isDailyPhase(unit)
          ? work[unit]
          : (fence, control) => poolBatch('pool_evaluate', fence, control),
      })),
    },
    (claimant) =>
      openRun({
        ...claimant,
        kind: 'evaluatePools',
        key: evaluationKey(input, date),
        date,
        input,
        units,
      }),
  );
}
