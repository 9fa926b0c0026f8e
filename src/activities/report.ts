import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inTransaction } from '../database/pool.ts';
import { failpoint } from '../failpoints.ts';
import { kindOf } from '../kinds/index.ts';
import { readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import { passFence } from '../ledger/units.ts';
import type { Fence } from '../ledger/units.ts';
import type { Dependencies } from './dependencies.ts';

/**
 * Phase report: one page, written under a temporary name and moved to its final one under the fence. Safe to repeat: the same
 * ledger gives the same page.
 */
export async function writeReport(deps: Dependencies, { fence }: { fence: Fence }): Promise<void> {
  const run = await readRun(deps.database, fence.runId);
  const { bytes, draft, path, report } = await draftPage(deps, run, String(fence.attempt));
  await failpoint(deps.config.failpoints, 'report-written');
  await inTransaction(deps.database, async (client) => {
    await passFence(client, fence, { detail: { bytes } });
    await client.query('update runs set report = $2 where run_id = $1', [fence.runId, report]);
    await rename(draft, path);
  });
}

/** The page as it is now, for a run that waits for a person; phase report writes it again. */
export async function writePage(deps: Dependencies, run: Run, mark: string): Promise<void> {
  const { draft, path, report } = await draftPage(deps, run, mark);
  await rename(draft, path);
  await deps.database.query('update runs set report = $2 where run_id = $1', [run.runId, report]);
}

async function draftPage(
  deps: Dependencies,
  run: Run,
  mark: string,
): Promise<{ bytes: number; draft: string; path: string; report: string }> {
  const kind = kindOf(run);
  if (kind.page === undefined) throw new Error(`Runs of ${kind.name} have no page.`);
  const page = await kind.page(deps.database, run);
  const report = join('reports', `${run.key.replaceAll('/', '-')}.html`);
  const path = join(deps.config.stateFolder, report);
  const draft = `${path}.${mark}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, page);
  return { bytes: Buffer.byteLength(page), draft, path, report };
}
