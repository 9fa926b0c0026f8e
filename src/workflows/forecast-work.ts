import {
  ApplicationFailure,
  continueAsNew,
  defineUpdate,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { Fence } from '../ledger/units.ts';
import type { FannedUnit } from '../planning/phases.ts';
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

/** One batch runs while the next one waits at the engine's door. */
const usualConcurrency = 2;
const mostConcurrency = 64;

export const setConcurrencyUpdate = defineUpdate<string, [number]>('setConcurrency');

/**
 * Makes the steps of a run that is done in chunks. Answers `setConcurrency`; a history that is full goes on in a new one
 * with the same input.
 */
export function fannedSteps(
  raw: unknown,
  {
    yesterday,
    concurrency: asked,
    carried,
  }: { yesterday: string; concurrency?: number | undefined; carried: Carried | undefined },
): (unit: FannedUnit) => Step {
  let concurrency = carried?.concurrency ?? asked ?? usualConcurrency;
  setHandler(
    setConcurrencyUpdate,
    (wanted) => {
      concurrency = wanted;
      return `${wanted} chunks at a time from now on.`;
    },
    {
      validator: (wanted) => {
        if (Number.isInteger(wanted) && wanted >= 1 && wanted <= mostConcurrency) return;
        throw ApplicationFailure.nonRetryable(
          `The concurrency must be a whole number from 1 to ${mostConcurrency}.`,
          'InvalidInput',
        );
      },
    },
  );
  return (unit) => ({
    unit,
    force: false,
    goesOn: true,
    work: async ({ runId }: Fence, { isPaused, whilePaused }: RunControl) => {
      const ended = await fanOut({ runId, unit, concurrency: () => concurrency, whilePaused });
      if (ended === 'full') {
        await continueAsNew<(raw: unknown, carried: Carried) => Promise<unknown>>(raw, {
          paused: isPaused(),
          concurrency,
          yesterday,
        });
      }
    },
  });
}

/** A step that only looks: its verdicts come from the rows that are there. */
export function lookedAt(unit: FannedUnit): Step {
  return { unit, force: false, goesOn: true, work: async () => {} };
}

export const evaluateStep: Step = {
  unit: 'evaluate',
  force: false,
  goesOn: true,
  work: (fence) => batch('forecast_evaluate', fence),
};

export const reportStep: Step = {
  unit: 'report',
  force: false,
  work: (fence) => light.writeReport({ fence }),
};
