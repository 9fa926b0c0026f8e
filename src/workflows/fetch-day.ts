import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { Fence } from '../ledger/units.ts';
import { failureOf } from './failures.ts';
import { fetchActivityOptions, lightActivityOptions } from './options.ts';
import type { RunControl } from './run-control.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

/** Bodies of one activity. What is stored is the checkpoint, so that a slice is no more than a piece of work to hand out. */
const sliceOf = 200;
const slicesAtOnce = 2;

type Due = Awaited<ReturnType<Activities['planFetch']>>[number];

/**
 * Fetches what the day wants of every source: each begins when those that it hangs on have ended, well or not. How a source
 * ended is judged by what is stored, when all have ended.
 */
export async function fetchDay(fence: Fence, control: RunControl): Promise<void> {
  const due = await light.planFetch({ fence });
  const troubles: { source: string; message: string }[] = [];
  const ends = new Map<string, Promise<void>>();
  for (const source of due) {
    const before = source.after.flatMap((name) => ends.get(name) ?? []);
    ends.set(
      source.name,
      Promise.all(before)
        .then(() => control.whilePaused())
        .then(() => fetchSource(fence, source))
        .then((clock) => {
          // Once is enough: every provider says the same of it.
          if (clock !== undefined && source.name === 'llama-pools')
            troubles.push({ source: source.name, message: clock });
        })
        .catch((error: unknown) => {
          if (isCancellation(error)) throw error;
          troubles.push({ source: source.name, message: failureOf(error).message });
        }),
    );
  }
  await Promise.all(ends.values());
  await light.settleSources({ fence, troubles });
}

/** Answers what is wrong with the worker's clock, if anything is. */
async function fetchSource(
  fence: Fence,
  { name, patienceMinutes, sliced }: Due,
): Promise<string | undefined> {
  const { fetchSource, countWanted } = proxyActivities<Activities>(fetchActivityOptions(patienceMinutes));
  if (!sliced) {
    return (await fetchSource({ fence, source: name })).clock;
  }
  const wanted = await countWanted({ fence, source: name });
  const starts = Array.from({ length: Math.ceil(wanted / sliceOf) }, (_, i) => i * sliceOf);
  const lane = async (): Promise<void> => {
    for (let from = starts.shift(); from !== undefined; from = starts.shift()) {
      await fetchSource({ fence, source: name, slice: { from, count: sliceOf } });
    }
  };
  await Promise.all(Array.from({ length: slicesAtOnce }, lane));
  return undefined;
}
