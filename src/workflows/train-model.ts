import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import { parseTrainingInput } from '../kinds/training/input.ts';
import { trainingPhases } from '../kinds/training/phases.ts';
import type { TrainingBatchPhase } from '../kinds/training/phases.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { steeredConcurrency } from './concurrency.ts';
import { acrossHistories, reportStep } from './forecast-work.ts';
import type { Carried } from './forecast-work.ts';
import { carriedOver } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { accepted, batch, carryOut, yesterdayOf } from './run-control.ts';
import type { Step } from './run-control.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

const batchTimeoutMs = 6 * 60 * 60_000;

/**
 * A model from one table: its columns judged, its rows parted once, every trial of every model fitted on the training
 * rows of every fold; one chosen by rows that it was not fitted on, fitted again, held against rows nobody has looked at.
 */
export async function trainModel(raw: unknown, handed?: Carried, ...more: unknown[]): Promise<RunSummary> {
  const carried = carriedOver(handed, ...more);
  const input = accepted(parseTrainingInput(raw));
  const date = yesterdayOf(carried);
  const concurrency = steeredConcurrency(carried?.concurrency ?? input.concurrency, 'batches');

  const fits: Step = {
    unit: 'fit',
    force: false,
    work: async ({ runId }, control) => {
      await light.layOutTrainingFits({ runId });
      await acrossHistories(raw, date, { runId, unit: 'fit', concurrency, control });
    },
  };
  const steps = trainingPhases.map((phase): Step => {
    if (phase === 'fit') return fits;
    return phase === 'report' ? reportStep : oneBatch(phase);
  });
  return carryOut(
    { kind: 'trainModel', date, priority: backfillPriority, steps, paused: carried?.paused === true },
    (claimant) => light.openTraining({ ...claimant, input, phases: trainingPhases }),
  );
}

function oneBatch(phase: TrainingBatchPhase): Step {
  return {
    unit: phase,
    force: false,
    work: async (fence, control) => {
      const asked = await light.planTrainingBatch({ phase, fence });
      await batch({ fence, timeoutMs: batchTimeoutMs, ...asked }, control);
    },
  };
}
