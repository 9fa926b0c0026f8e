import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { Fence } from '../ledger/units.ts';
import type { DailyPhase } from '../planning/phases.ts';
import { lightActivityOptions } from './options.ts';
import { batch } from './run-control.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

/** What each phase does once it is known to be needed. */
export const work: Record<DailyPhase, (fence: Fence) => Promise<unknown>> = {
  prepare: (fence) => light.snapshotSettings({ fence }),
  ingest: (fence) => batch('pool_ingest', fence),
  prefilter: (fence) => light.prefilterPools({ fence }),
  metrics: async (fence) => {
    // The rows of the pools are one half of the phase: only the groups, which need them, close it.
    await batch('pool_metrics', { ...fence, fingerprint: `${fence.fingerprint}+rows` });
    await light.groupPools({ fence });
  },
  forecast: (fence) => batch('pool_forecast', fence),
  filter: (fence) => light.filterPools({ fence }),
  allocate: (fence) => light.allocate({ fence }),
  report: (fence) => light.writeReport({ fence }),
};
