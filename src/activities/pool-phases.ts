import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Dependencies } from './dependencies.ts';
import { inTransaction } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import { readRun } from '../ledger/runs.ts';
import type { Fence } from '../ledger/units.ts';
import { passFence, readUnit } from '../ledger/units.ts';
import { phasesToForce } from '../planning/phases.ts';
import { loadDailyReport } from '../pages/daily-report-data.ts';
import { renderDailyReport } from '../pages/daily-report.ts';
import { groupPool } from '../pools/grouping.ts';
import { iceboxOn } from '../pools/icebox.ts';
import { prefilterPool } from '../pools/prefilter.ts';
import { loadPoolSettings } from '../pools/settings.ts';

interface PhaseInput {
  fence: Fence;
}

/** Phase prepare: the settings of the run, taken once. Safe to repeat: the row is replaced by the newest attempt only. */
export async function snapshotSettings(deps: Dependencies, { fence }: PhaseInput): Promise<void> {
  const { parameters, approvedTokens, blacklistedTokens, approvedProtocols } = loadPoolSettings(deps.config.checkout);
  await inTransaction(deps.database, async (client) => {
    await client.query(
      `insert into allocation_parameters (run_id, parameters, approved_tokens_snapshot, blacklisted_tokens_snapshot,
                                          approved_protocols_snapshot)
       values ($1, $2, $3, $4, $5)
       on conflict (run_id) do update
          set "timestamp" = now(), parameters = excluded.parameters,
              approved_tokens_snapshot = excluded.approved_tokens_snapshot,
              blacklisted_tokens_snapshot = excluded.blacklisted_tokens_snapshot,
              approved_protocols_snapshot = excluded.approved_protocols_snapshot`,
      [
        fence.runId,
        JSON.stringify(parameters),
        JSON.stringify(approvedTokens.map(({ symbol, address }) => ({ token_symbol: symbol, token_address: address }))),
        JSON.stringify(blacklistedTokens.map((symbol) => ({ token_symbol: symbol }))),
        JSON.stringify(approvedProtocols.map((name) => ({ protocol_name: name }))),
      ],
    );
    await passFence(client, fence, { rowsDue: 1 });
  });
}

/** What a job of the pool pipeline is asked, from the run's own input. Only reads. */
export async function planPoolBatch(
  { database }: Dependencies,
  { job, fence }: PhaseInput & { job: 'pool_ingest' | 'pool_metrics' },
): Promise<Record<string, unknown>> {
  const { dataset, date, input } = await readRun(database, fence.runId);
  const parity = input['parity'] === true;
  if (job === 'pool_metrics') return { dataset, parity, full: phasesToForce(input).has('metrics') };
  const source = input['dataset'];
  return { dataset, date, parity, source, ...(source === 'files' && { path: input['path'] }) };
}
