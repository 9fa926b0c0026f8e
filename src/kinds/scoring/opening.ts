import { readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { Dependencies } from '../../activities/dependencies.ts';
import { engineOf } from '../../activities/engine-of-run.ts';
import { digestOfSource, isThere } from '../../data-files.ts';
import { Failure } from '../../failures.ts';
import { claimRun } from '../../ledger/runs.ts';
import type { Claimant } from '../../ledger/runs.ts';
import { layOutUnits } from '../../ledger/units.ts';
import { objectsOf } from '../../objects.ts';
import { isOpenInTemporal } from '../../open-in-temporal.ts';
import { dataName } from '../data-name.ts';
import { usableModel } from '../training/models-ledger.ts';
import type { ScoringInput } from './input.ts';
import { scoringKey } from './key.ts';
import { scoringKind } from './ledger.ts';
import type { ScoringRequest } from './ledger.ts';
import type { ScoringPhase } from './phases.ts';

export interface OpenScoringInput extends Claimant {
  input: ScoringInput;
  phases: readonly ScoringPhase[];
  priority: number;
}

/**
 * Claims a scoring of the files that are there now. Safe to repeat: the holder claims what it already holds. A model
 * that is unknown or retired and a file that is not there are refused before anything is written.
 */
export async function openScoring(
  deps: Dependencies,
  { input, phases, priority, workflowId, workflowRunId }: OpenScoringInput,
): Promise<{ runId: string; engine: string }> {
  const { database, config } = deps;
  const engine = await engineOf(deps, input);
  const model = await usableModel(database, input.model);
  const files: ScoringRequest['files'] = [];
  for (const source of sourcesOf(config.checkout, input.dataset)) {
    files.push({ source, name: dataName(source), sha256: await digestOfSource(source) });
  }
  const request: ScoringRequest = {
    modelId: model.modelId,
    modelRoot: model.root,
    files,
    outputRoot:
      input.output === undefined
        ? `${objectsOf(config, engine)}/scores/${model.modelId}`
        : resolve(config.checkout, input.output),
    format: input.format ?? 'parquet',
    id: input.id ?? null,
  };
  const run = await claimRun(
    database,
    {
      key: scoringKey(input),
      kind: scoringKind,
      dataset: `train/${model.name}`,
      date: null,
      workflowId,
      workflowRunId,
      priority,
      engine,
      input: { ...input },
      request: { ...request },
    },
    (holder) => isOpenInTemporal(deps.temporal, holder),
  );
  await layOutUnits(database, run.runId, phases);
  return { runId: run.runId, engine };
}

const dataFile = /\.(csv|tsv|txt|parquet)(\.gz)?$/i;

/** The file; of a folder every data file in it, by name. What begins with `_` or `.` is no data. */
function sourcesOf(checkout: string, dataset: string): string[] {
  const source = isAbsolute(dataset) ? dataset : resolve(checkout, dataset);
  if (!isThere(source)) {
    throw new Failure('InvalidInput', `There is no file or folder ${source}: check --dataset.`);
  }
  if (statSync(source).isFile()) return [source];
  const names = readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isFile() && dataFile.test(entry.name) && !/^[_.]/.test(entry.name))
    .map(({ name }) => join(source, name))
    .sort();
  if (names.length === 0) {
    throw new Failure(
      'InvalidInput',
      `${source} has no CSV or Parquet file: put the rows to be scored there.`,
    );
  }
  return names;
}
