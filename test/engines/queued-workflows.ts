import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../src/activities/index.ts';
import type { BatchOutcome, RunBatchInput } from '../../src/activities/run-batch.ts';
import { batchActivityOptions } from '../../src/workflows/options.ts';

/** As a run sends to the fleet, but a fleet that was killed is missed sooner: the tests wait for it four times. */
const fleet = proxyActivities<Activities>({
  ...batchActivityOptions,
  taskQueue: 'sevenfold-spark',
  heartbeatTimeout: '4 seconds',
});

export async function queuedBatch(input: RunBatchInput): Promise<BatchOutcome> {
  return fleet.runBatch(input);
}

export async function queuedCancel(runId: string): Promise<{ cancelled: number }> {
  return fleet.cancelBatches({ runId });
}
