import {
  ApplicationFailure,
  continueAsNew,
  defineUpdate,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RunSummary } from '../activities/runs.ts';
import type { ForecastInput } from '../kinds/backfill/forecast-kind.ts';
import type { ForecastUnit, PriceJob } from '../kinds/backfill/phases.ts';
import { parseSkipInput } from '../kinds/backfill/skip-input.ts';
import type { SkipInput } from '../kinds/backfill/skip-input.ts';
import type { Fence } from '../ledger/units.ts';
import { backfillPriority } from '../planning/priorities.ts';
import { steeredConcurrency } from './concurrency.ts';
import { fanOut } from './fan-out.ts';
import type { FanOut } from './fan-out.ts';
import { lightActivityOptions } from './options.ts';
import { batch, carryOut, yesterdayOf } from './run-control.ts';
import type { RunControl, Step } from './run-control.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

/** What a history hands to the next one; everything else stands in the ledger. */
export interface Carried {
  paused: boolean;
  concurrency: number;
  /** What `yesterday` meant when the run began. */
  yesterday: string;
}

export const skipUpdate = defineUpdate<string, [SkipInput]>('skip');

/**
 * Makes the steps of a run that is done in chunks. Answers `setConcurrency` and `skip`.
 */
function fannedSteps(
  raw: unknown,
  {
    yesterday,
    concurrency: asked,
    carried,
  }: { yesterday: string; concurrency?: number | undefined; carried: Carried | undefined },
): (unit: ForecastUnit) => Step {
  const concurrencyNow = steeredConcurrency(carried?.concurrency ?? asked, 'chunks');
  let working: string | undefined;
  setHandler(
    skipUpdate,
    async (skipped: SkipInput) => {
      const { dates } = await light.skipDates({ runId: working!, ...skipped });
      return `${dates} dates are left out: ${skipped.reason}`;
    },
    {
      validator: (skipped: unknown) => {
        const parsed = parseSkipInput(skipped);
        if (!parsed.ok) refuse(parsed.message);
        if (working === undefined) refuse('The run has not laid out its dates yet: ask again.');
      },
    },
  );
  return (unit) => ({
    unit,
    force: false,
    continueOnFailure: true,
    work: async ({ runId }: Fence, control: RunControl) => {
      working = runId;
      await acrossHistories(raw, yesterday, { runId, unit, concurrency: concurrencyNow, control });
    },
  });
}

/** Fans a phase out; when the history is full, the run continues as new with the same input. */
export async function acrossHistories(raw: unknown, yesterday: string, phase: FanOut): Promise<void> {
  if ((await fanOut(phase)) === 'done') return;
  await continueAsNew<(raw: unknown, carried: Carried) => Promise<unknown>>(raw, {
    paused: phase.control.isPaused(),
    concurrency: phase.concurrency(),
    yesterday,
  });
}

function refuse(message: string): never {
  throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}

/** A step without work: its verdicts come from the rows that are already there. */
export function verifyOnly(unit: ForecastUnit): Step {
  return { unit, force: false, continueOnFailure: true, work: async () => {} };
}

/** One batch on prices. */
export async function priceBatch(job: PriceJob, fence: Fence, control: RunControl): Promise<void> {
  await batch({ fence, job, input: await light.planPriceBatch({ job, fence }) }, control);
}

export const evaluateStep: Step = {
  unit: 'evaluate',
  force: false,
  continueOnFailure: true,
  work: (fence, control) => priceBatch('forecast_evaluate', fence, control),
};

export const reportStep: Step = {
  unit: 'report',
  force: false,
  work: (fence) => light.writeReport({ fence }),
};

/** A run of forecasts from its claim to its end, by steps of which some are done in chunks. */
export async function carryOutForecasts(
  raw: unknown,
  { kind, input, carried }: { kind: string; input: ForecastInput; carried: Carried | undefined },
  stepsOf: (fanned: (unit: ForecastUnit) => Step) => readonly Step[],
): Promise<RunSummary> {
  const yesterday = yesterdayOf(carried);
  const steps = stepsOf(fannedSteps(raw, { yesterday, concurrency: input.concurrency, carried }));
  return carryOut(
    { kind, date: yesterday, priority: backfillPriority, steps, paused: carried?.paused === true },
    (claimant) =>
      light.openForecasts({ ...claimant, kind, input, yesterday, phases: steps.map(({ unit }) => unit) }),
  );
}
