import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../src/activities/index.ts';
import type { Fence } from '../src/ledger/units.ts';

const { runBatch } = proxyActivities<Activities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10 seconds',
});

export async function trivialBatch(fence: Fence): Promise<string> {
  const outcome = await runBatch({ fence, job: 'trivial', input: {}, timeoutMs: 60_000 });
  if (!outcome.succeeded) throw new Error(outcome.message);
  return outcome.batchId;
}
