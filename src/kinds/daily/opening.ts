import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Dependencies } from '../../activities/dependencies.ts';
import { engineOf } from '../../activities/engine-of-run.ts';
import { Failure } from '../../failures.ts';
import * as ledger from '../../ledger/runs.ts';
import type { Claimant } from '../../ledger/runs.ts';
import { layOutUnits } from '../../ledger/units.ts';
import { isOpenInTemporal } from '../../open-in-temporal.ts';
import type { EvaluationInput } from '../evaluation/input.ts';
import type { PoolUnit } from '../evaluation/phases.ts';
import { refuseUnfetched } from './fetching.ts';
import { datasetKey } from './input.ts';
import type { DailyInput, Source } from './input.ts';

export interface OpenRunInput extends Claimant {
  /** The workflow type. */
  kind: string;
  key: string;
  date: string;
  input: DailyInput | EvaluationInput;
  units: readonly PoolUnit[];
  priority: number;
}

/**
 * Claims the key for this workflow and lays out the run's units. Safe to repeat: the holder claims what it already
 * holds. A folder that cannot be right is refused before anything is written.
 */
export async function openRun(
  deps: Dependencies,
  opening: OpenRunInput,
): Promise<{ runId: string; attempt: number; engine: string }> {
  const { database, config } = deps;
  const dataset = datasetKey(opening.input);
  const path = opening.input.path === undefined ? null : resolve(config.checkout, opening.input.path);
  if (path !== null && !statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Failure('InvalidInput', `There is no folder ${path}: check --path.`);
  }
  if (opening.input.dataset === 'live')
    await refuseUnfetched(deps, opening.date, opening.units.includes('fetch'));
  if ('portfolio' in opening.input && opening.input.portfolio === 'onchain') refuseWithoutWallets(deps);
  await registerDataset(deps, dataset, opening.input, path);
  const engine = await engineOf(deps, opening.input);
  const run = await ledger.claimRun(
    database,
    {
      key: opening.key,
      kind: opening.kind,
      dataset,
      date: opening.date,
      workflowId: opening.workflowId,
      workflowRunId: opening.workflowRunId,
      priority: opening.priority,
      engine,
      input: { ...opening.input, date: opening.date, ...(path !== null && { path }) },
    },
    (holder) => isOpenInTemporal(deps.temporal, holder),
  );
  await layOutUnits(database, run.runId, opening.units);
  return { runId: run.runId, attempt: run.attempt, engine };
}

function refuseWithoutWallets({ config }: Dependencies): void {
  if (config.sources.wallets.length > 0) return;
  throw new Failure(
    'InvalidInput',
    'portfolio is "onchain", but the worker has no SEVENFOLD_WALLETS: set it to the addresses of your wallets, separated by ",".',
  );
}

/** Two folders of the same name must not share a data set; a folder that was moved may keep its own. */
async function registerDataset(
  deps: Dependencies,
  dataset: string,
  input: Source & { parity?: boolean },
  path: string | null,
): Promise<void> {
  const { database } = deps;
  const known = await database.query<{ path: string | null }>(
    'select path from datasets where dataset = $1',
    [dataset],
  );
  const before = known.rows[0]?.path ?? null;
  if (known.rows[0] && before !== path && before !== null && existsSync(before)) {
    throw new Failure(
      'InvalidInput',
      `Data set ${dataset} was loaded from ${before}, not from ${path}: two folders of one name would mix. Rename one of them.`,
    );
  }
  await database.query(
    `insert into datasets (dataset, source, path, parity) values ($1, $2, $3, $4)
     on conflict (dataset) do update set path = excluded.path where datasets.path is distinct from excluded.path`,
    [dataset, input.dataset, path, input.parity === true],
  );
}
