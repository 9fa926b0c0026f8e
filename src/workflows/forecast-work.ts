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
export const skipUpdate = defineUpdate<string, [Skipped]>('skip');

/** Dates that a person leaves out of a run, and why. */
export interface Skipped {
  ranges: { first: string; last: string }[];
  reason: string;
}

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
        refuse(`The concurrency must be a whole number from 1 to ${mostConcurrency}.`);
      },
    },
  );
  let working: string | undefined;
  setHandler(
    skipUpdate,
    async (skipped: Skipped) => {
      const { dates } = await light.skipDates({ runId: working!, ...skipped });
      return `${dates} dates are left out: ${skipped.reason}`;
    },
    {
      validator: ({ ranges, reason }: Skipped) => {
        if (working === undefined) refuse('The run has not laid out its dates yet: ask again.');
        if (ranges.length === 0) refuse('Say which dates are to be skipped.');
        if (reason.trim() === '') refuse('Say why: whoever reads the run next wants to know.');
      },
    },
  );
  return (unit) => ({
    unit,
    force: false,
    goesOn: true,
    work: async ({ runId }: Fence, control: RunControl) => {
      working = runId;
      const ended = await fanOut({ runId, unit, concurrency: () => concurrency, control });
      if (ended === 'full') {
        await continueAsNew<(raw: unknown, carried: Carried) => Promise<unknown>>(raw, {
          paused: control.isPaused(),
          concurrency,
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
export function lookedAt(unit: FannedUnit): Step {
  return { unit, force: false, goesOn: true, work: async () => {} };
}

export const evaluateStep: Step = {
  unit: 'evaluate',
  force: false,
  goesOn: true,
  work: (fence, control) => batch('forecast_evaluate', fence, control),
};

export const reportStep: Step = {
  unit: 'report',
  force: false,
  work: (fence) => light.writeReport({ fence }),
};
