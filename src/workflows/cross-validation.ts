import { patched, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import { parseCvInput } from '../kinds/cross-validation/input.ts';
import { withinRanges } from '../kinds/cross-validation/parameters.ts';
import { cvPhases } from '../kinds/cross-validation/phases.ts';
import type { CvJob } from '../kinds/cross-validation/phases.ts';
import type { Fence } from '../ledger/units.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { steeredConcurrency } from './concurrency.ts';
import { acrossHistories, reportStep } from './forecast-work.ts';
import type { Carried } from './forecast-work.ts';
import { carriedOver } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { accepted, batch, carryOut, yesterdayOf } from './run-control.ts';
import type { RunControl, Step } from './run-control.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

const batchTimeoutMs = 6 * 60 * 60_000;

/**
 * Models, or sets of parameters, compared on the same folds: the folds are cut once, every fit that nobody has stored
 * yet is made, a winner is chosen only when all of them are there, fitted on all rows, and shown.
 */
export async function crossValidation(
  raw: unknown,
  handed?: Carried,
  ...more: unknown[]
): Promise<RunSummary> {
  const carried = carriedOver(handed, ...more);
  const input = accepted(parseCvInput(raw));
  // Runs begun before ranges were checked continue without the check.
  if (patched('parameter ranges')) accepted(withinRanges(input));
  const date = yesterdayOf(carried);
  const concurrency = steeredConcurrency(carried?.concurrency ?? input.concurrency, 'batches');

  const fits: Step = {
    unit: 'fit',
    force: false,
    continueOnFailure: true,
    work: ({ runId }, control) => acrossHistories(raw, date, { runId, unit: 'fit', concurrency, control }),
  };
  const steps: Step[] = [
    { unit: 'folds', force: false, work: (fence, control) => cvBatch('cv_prepare', fence, control) },
    fits,
    { unit: 'select', force: false, continueOnFailure: true, work: (fence) => light.selectModel({ fence }) },
    {
      unit: 'refit',
      force: false,
      continueOnFailure: true,
      work: (fence, control) => cvBatch('cv_refit', fence, control),
    },
    reportStep,
  ];
  return carryOut(
    { kind: 'crossValidation', date, priority: backfillPriority, steps, paused: carried?.paused === true },
    (claimant) =>
      light.openCrossValidation({
        ...claimant,
        input,
        phases: cvPhases,
      }),
  );
}

/** The one batch of a phase. */
async function cvBatch(job: CvJob, fence: Fence, control: RunControl): Promise<void> {
  await batch(
    { fence, job, timeoutMs: batchTimeoutMs, ...(await light.planCvBatch({ job, fence })) },
    control,
  );
}
