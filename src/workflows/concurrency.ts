import { ApplicationFailure, defineUpdate, setHandler } from '@temporalio/workflow';

/** One batch runs while the next one waits at the engine's door. */
const usualConcurrency = 2;
const mostConcurrency = 64;

export const setConcurrencyUpdate = defineUpdate<string, [number]>('setConcurrency');

/** How many batches a run has in flight; answers `setConcurrency`, which changes it from then on. */
export function steeredConcurrency(begin: number | undefined, what: string): () => number {
  let concurrency = begin ?? usualConcurrency;
  setHandler(
    setConcurrencyUpdate,
    (wanted) => {
      concurrency = wanted;
      return `${wanted} ${what} at a time from now on.`;
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
  return () => concurrency;
}
