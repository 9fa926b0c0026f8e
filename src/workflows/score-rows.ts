import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import { parseScoringInput } from '../kinds/scoring/input.ts';
import { scoringPhases } from '../kinds/scoring/phases.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { refuseMore } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { accepted, batch, carryOut, yesterdayOf } from './run-control.ts';
import type { Step } from './run-control.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

const batchTimeoutMs = 6 * 60 * 60_000;

/** A stored model applied to the files that are there: those that it has scored before stay as they are. */
export async function scoreRows(raw: unknown, ...more: unknown[]): Promise<RunSummary> {
  refuseMore(more);
  const input = accepted(parseScoringInput(raw));
  const score: Step = {
    unit: 'score',
    force: false,
    work: async (fence, control) => {
      const asked = await light.planScoring({ fence });
      await batch({ fence, timeoutMs: batchTimeoutMs, ...asked }, control);
    },
  };
  return carryOut(
    { kind: 'scoreRows', date: yesterdayOf(undefined), priority: backfillPriority, steps: [score] },
    (claimant) => light.openScoring({ ...claimant, input, phases: scoringPhases }),
  );
}
