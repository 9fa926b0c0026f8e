import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inTransaction } from '../database/pool.ts';
import { failpoint } from '../failpoints.ts';
import { kindOf } from '../kinds/index.ts';
import { readRun } from '../ledger/runs.ts';
import { passFence } from '../ledger/units.ts';
import type { Fence } from '../ledger/units.ts';
import type { Dependencies } from './dependencies.ts';

/**
 * Phase report: one page, written under a temporary name and moved to its final one under the fence. Safe to repeat: the same
 * ledger gives the same page.
 */
export async function writeReport(deps: Dependencies, { fence }: { fence: Fence }): Promise<void> {
  const run = await readRun(deps.database, fence.runId);
  const kind = kindOf(run);
  if (kind.page === undefined) throw new Error(`Runs of ${kind.name} have no page.`);
  const page = await kind.page(deps.database, run);
  const report = join('reports', `${run.key.replaceAll('/', '-')}.html`);
  const path = join(deps.config.stateFolder, report);
  const draft = `${path}.${fence.attempt}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, page);
  await failpoint(deps.config.failpoints, 'report-written');
  await inTransaction(deps.database, async (client) => {
    await passFence(client, fence, { detail: { bytes: Buffer.byteLength(page) } });
    await client.query('update runs set report = $2 where run_id = $1', [fence.runId, report]);
    await rename(draft, path);
  });
}
