import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import { parseDailyInput, runKey } from '../kinds/daily/input.ts';
import { phasesOf, phasesToForce } from '../kinds/daily/phases.ts';
import { dailyPriority } from '../planning/priorities.ts';
import { approvalGate } from './approval.ts';
import { refuseMore } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { work } from './pool-work.ts';
import { accepted, carryOut, dayOf } from './run-control.ts';

const { openRun } = proxyActivities<Activities>(lightActivityOptions);

/** One day of one data set: the phases in their order, each resumable, each followed by its checks. */
export async function dailyPipeline(raw: unknown, ...more: unknown[]): Promise<RunSummary> {
  refuseMore(more);
  const input = accepted(parseDailyInput(raw));
  const date = dayOf(input);
  const phases = phasesOf(input);
  const forced = phasesToForce(input);
  const approval = approvalGate(date);
  return carryOut(
    {
      kind: 'dailyPipeline',
      date,
      priority: dailyPriority,
      steps: phases.map((phase) => ({
        ...{ unit: phase, force: forced.has(phase) },
        work: phase === 'approval' ? approval : work[phase],
      })),
    },
    (claimant) =>
      openRun({
        ...claimant,
        kind: 'dailyPipeline',
        key: runKey(input, date),
        date,
        input,
        units: phases,
      }),
  );
}
