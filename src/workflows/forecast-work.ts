import {
  ApplicationFailure,
  continueAsNew,
  defineUpdate,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { ForecastUnit, PriceJob } from '../kinds/backfill/phases.ts';
import { parseSkipInput } from '../kinds/backfill/skip-input.ts';
import type { SkipInput } from '../kinds/backfill/skip-input.ts';
import type { Fence } from '../ledger/units.ts';
import { steeredConcurrency } from './concurrency.ts';
import { fanOut } from './fan-out.ts';
import { lightActivityOptions } from './options.ts';
import { batch } from './run-control.ts';
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
 * Makes the steps of a run that is done in chunks. Answers `setConcurrency` and `skip`; a history that is full goes on in
 * a new one with the same input.
 */
export function fannedSteps(
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
    goesOn: true,
    work: async ({ runId }: Fence, control: RunControl) => {
      working = runId;
      const ended = await fanOut({ runId, unit, concurrency: concurrencyNow, control });
      if (ended === 'full') {
        await continueAsNew<(raw: unknown, carried: Carried) => Promise<unknown>>(raw, {
          paused: control.isPaused(),
          concurrency: concurrencyNow(),
          yesterday,
        });
      }
    },
  });
}

function refuse(message: string): never {
  throw ApplicationFailure.nonRetryable(message, 'InvalidInput');
}

/** A step that only looks: its verdicts come from the rows that are there. */
export function lookedAt(unit: ForecastUnit): Step {
  return { unit, force: false, goesOn: true, work: async () => {} };
}

/** One batch on prices. */
export async function priceBatch(job: PriceJob, fence: Fence, control: RunControl): Promise<void> {
  await batch({ fence, job, input: await light.planPriceBatch({ job, fence }) }, control);
}

export const evaluateStep: Step = {
  unit: 'evaluate',
  force: false,
  goesOn: true,
  work: (fence, control) => priceBatch('forecast_evaluate', fence, control),
};

export const reportStep: Step = {
  unit: 'report',
  force: false,
  work: (fence) => light.writeReport({ fence }),
};
