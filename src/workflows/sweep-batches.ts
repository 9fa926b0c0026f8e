import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { Sweep } from '../activities/sweep-batches.ts';
import { parseSweepInput } from '../planning/sweep-input.ts';
import { refuseMore } from './one-input.ts';
import { lightActivityOptions } from './options.ts';
import { accepted } from './run-control.ts';

const { sweepBatches: sweep } = proxyActivities<Activities>(lightActivityOptions);

/**
 * Finds batches on any engine that no open run owns: of a run that was terminated, or whose worker died for good. Ends
 * Failed where it leaves any, so that a schedule that only reports is seen to report something.
 */
export async function sweepBatches(raw: unknown, ...more: unknown[]): Promise<Sweep> {
  refuseMore(more);
  const { mode } = accepted(parseSweepInput(raw));
  const found = await sweep({ mode });
  if (found.left > 0) throw ApplicationFailure.nonRetryable(found.statement, 'RunIncomplete', found);
  return found;
}
