import type { Dependencies } from '../../activities/dependencies.ts';
import type { BatchPlacement } from '../../activities/place-batch.ts';
import { readRun } from '../../ledger/runs.ts';
import type { Fence } from '../../ledger/units.ts';
import { withoutSpark } from '../training/fits.ts';
import { scoringRequestOf } from './ledger.ts';

export { openScoring } from './opening.ts';

/** What the batch of a scoring is asked: on this machine, where the files are. Only reads. */
export async function planScoring(
  { database, config }: Dependencies,
  { fence }: { fence: Fence },
): Promise<{ job: string; input: Record<string, unknown>; placement: BatchPlacement }> {
  const request = scoringRequestOf(await readRun(database, fence.runId));
  return {
    job: 'training_score',
    input: { ...request, runId: fence.runId, processes: config.sparkCores },
    placement: withoutSpark,
  };
}
