import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { Fence } from '../ledger/units.ts';
import type { DailyPhase } from '../planning/phases.ts';
import { lightActivityOptions } from './options.ts';
import { batch } from './run-control.ts';
import type { RunControl } from './run-control.ts';

const light = proxyActivities<Activities>(lightActivityOptions);

/** What each phase does once it is known to be needed. */
export const work: Record<DailyPhase, (fence: Fence, control: RunControl) => Promise<unknown>> = {
  prepare: (fence) => light.snapshotSettings({ fence }),
  ingest: (fence, control) => batch('pool_ingest', fence, control),
  prefilter: (fence) => light.prefilterPools({ fence }),
  metrics: async (fence, control) => {
    // The rows of the pools are one half of the phase: only the groups, which need them, close it.
    await batch('pool_metrics', { ...fence, fingerprint: `${fence.fingerprint}+rows` }, control);
    await light.groupPools({ fence });
  },
  forecast: (fence, control) => batch('pool_forecast', fence, control),
  filter: (fence) => light.filterPools({ fence }),
  allocate: (fence) => light.allocate({ fence }),
  report: (fence) => light.writeReport({ fence }),
};
