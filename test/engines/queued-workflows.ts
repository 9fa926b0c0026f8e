import type { BatchOutcome, RunBatchInput } from '../../src/activities/run-batch.ts';
import { engineActivities } from '../../src/workflows/options.ts';

const fleet = engineActivities('queue');

export async function queuedBatch(input: RunBatchInput): Promise<BatchOutcome> {
  return fleet.runBatch(input);
}

export async function queuedCancel(runId: string): Promise<{ cancelled: number }> {
  return fleet.cancelBatches({ runId });
}
