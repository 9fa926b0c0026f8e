import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { PoolJob, WorkPhase } from '../kinds/daily/phases.ts';
import type { Fence } from '../ledger/units.ts';
import { fetchDay } from './fetch-day.ts';
import { lightActivityOptions } from './options.ts';
import { batch } from './run-control.ts';
import type { RunControl } from './run-control.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

/** One batch of the pool pipeline. */
export async function poolBatch(job: PoolJob, fence: Fence, control: RunControl): Promise<void> {
  await batch({ fence, job, input: await light.planPoolBatch({ job, fence }) }, control);
}

/** What each phase does once it is known to be needed. */
export const work: Record<WorkPhase, (fence: Fence, control: RunControl) => Promise<unknown>> = {
  prepare: (fence) => light.snapshotSettings({ fence }),
  fetch: (fence, control) => fetchDay(fence, control),
  ingest: (fence, control) => poolBatch('pool_ingest', fence, control),
  prefilter: (fence) => light.prefilterPools({ fence }),
  metrics: async (fence, control) => {
    // The rows of the pools are one half of the phase: only the groups, which need them, close it.
    await poolBatch('pool_metrics', { ...fence, fingerprint: `${fence.fingerprint}+rows` }, control);
    await light.groupPools({ fence });
  },
  forecast: (fence, control) => poolBatch('pool_forecast', fence, control),
  filter: (fence) => light.filterPools({ fence }),
  allocate: (fence) => light.allocate({ fence }),
  report: (fence) => light.writeReport({ fence }),
};
