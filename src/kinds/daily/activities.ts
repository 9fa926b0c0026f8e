import type { Dependencies } from '../../activities/dependencies.ts';
import { loadFirstDays } from '../../data-bounds.ts';
import { inTransaction } from '../../database/pool.ts';
import { readRun } from '../../ledger/runs.ts';
import { passFence } from '../../ledger/units.ts';
import type { Fence } from '../../ledger/units.ts';
import { loadPoolSettings } from '../../pools/settings.ts';
import { stretchOf } from '../evaluation/phases.ts';
import type { PoolUnit } from '../evaluation/phases.ts';
import { phasesToForce } from './phases.ts';
import type { PoolJob } from './phases.ts';
import { settingsOfRun, takeSettings } from './settings-snapshot.ts';

export { decideProposal, proposeAllocation } from './approval.ts';
export { countWanted, fetchSource, planFetch, settleSources } from './fetching.ts';
export { openRun } from './opening.ts';
export { filterPools, allocate } from './portfolio.ts';
export { prefilterPools } from './prefilter.ts';
export { groupPools } from './groups.ts';

interface PhaseInput {
  fence: Fence;
}

/** Phase prepare: the settings of the run, taken once. Safe to repeat: the row is replaced by the newest attempt only. */
export async function snapshotSettings(deps: Dependencies, { fence }: PhaseInput): Promise<void> {
  const settings = loadPoolSettings(deps.config.checkout);
  await inTransaction(deps.database, async (client) => {
    await takeSettings(client, fence.runId, settings);
    await passFence(client, fence, { rowsDue: 1 });
  });
}

/** What a job of the pool pipeline is asked, from the run's own input. Only reads. */
export async function planPoolBatch(
  { database, config }: Dependencies,
  { job, fence }: PhaseInput & { job: PoolJob },
): Promise<Record<string, unknown>> {
  const { dataset, date, input } = await readRun(database, fence.runId);
  const parity = input['parity'] === true;
  if (job === 'pool_forecast') return { dataset, date };
  if (job === 'pool_evaluate') return { dataset, date, ...stretchOf(fence.unit as PoolUnit) };
  if (job === 'pool_metrics') return { dataset, date, parity, full: phasesToForce(input).has('metrics') };
  const source = input['dataset'];
  const { approvedTokens, approvedProtocols } = await settingsOfRun({ database, config }, fence.runId);
  if (source === 'sample') return { dataset, date, parity, source };
  return {
    ...{ dataset, date, parity, source },
    ...(source === 'files' && { path: input['path'] }),
    ...(source === 'live' && {
      tokens: approvedTokens.map(({ symbol, address }) => ({ symbol, address })),
      approvedProtocols,
    }),
    firstDays: loadFirstDays(config.checkout),
    peggedTokens: approvedTokens.filter(({ yieldBearing }) => !yieldBearing).map(({ symbol }) => symbol),
  };
}
