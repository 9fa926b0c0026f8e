import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Dependencies } from '../../activities/dependencies.ts';
import { engineOf } from '../../activities/engine-of-run.ts';
import { Failure } from '../../failures.ts';
import * as ledger from '../../ledger/runs.ts';
import type { Claimant } from '../../ledger/runs.ts';
import { layOutUnits } from '../../ledger/units.ts';
import { isOpenInTemporal } from '../../open-in-temporal.ts';
import type { ImportInput } from './input.ts';

/**
 * Claims an import. Safe to repeat. A path that is not there is refused before anything is written; what is in it is
 * judged by the job.
 */
export async function openImport(
  deps: Dependencies,
  opening: Claimant & { key: string; input: ImportInput; priority: number },
): Promise<{ runId: string; engine: string }> {
  const { database, config } = deps;
  const path = opening.input.path === undefined ? undefined : resolve(config.checkout, opening.input.path);
  if (path !== undefined && !existsSync(path)) {
    throw new Failure('InvalidInput', `There is no file or folder ${path}: check the path.`);
  }
  const { key, workflowId, workflowRunId, priority } = opening;
  const input = { ...opening.input, ...(path !== undefined && { path }) };
  const engine = await engineOf(deps, input);
  const run = await ledger.claimRun(
    database,
    {
      key,
      kind: 'importPrices',
      dataset: 'prices',
      date: null,
      workflowId,
      workflowRunId,
      priority,
      engine,
      input,
    },
    (holder) => isOpenInTemporal(deps.temporal, holder),
  );
  await layOutUnits(database, run.runId, ['import']);
  return { runId: run.runId, engine };
}
