import type { Dependencies } from '../../activities/dependencies.ts';
import { engineOf } from '../../activities/engine-of-run.ts';
import { digestOfSource } from '../../data-files.ts';
import { Failure } from '../../failures.ts';
import { forgetFailures } from '../../ledger/chunks.ts';
import { resultVersion } from '../../ledger/result-versions.ts';
import { claimRun, readRun } from '../../ledger/runs.ts';
import type { Claimant } from '../../ledger/runs.ts';
import { layOutUnits } from '../../ledger/units.ts';
import { objectsOf } from '../../objects.ts';
import { isOpenInTemporal } from '../../open-in-temporal.ts';
import { dataName } from '../data-name.ts';
import { sourceOf } from '../data-source.ts';
import { hash } from '../digest.ts';
import { askedTask, trainingDefaults } from './input.ts';
import type { TrainingInput } from './input.ts';
import { trainingKey } from './key.ts';
import * as ledger from './ledger.ts';
import type { TrainingRequest } from './ledger.ts';
import { idleParams } from './parameters.ts';
import { pathOf } from './path.ts';
import type { TrainingPhase } from './phases.ts';
import { readsOfProfile, readsOfSplit } from './reads.ts';

export interface OpenTrainingInput extends Claimant {
  input: TrainingInput;
  phases: readonly TrainingPhase[];
  priority: number;
}

/**
 * Claims a training. Safe to repeat: the holder claims what it already holds. What cannot be right is refused before
 * anything is written.
 */
export async function openTraining(
  deps: Dependencies,
  { input, phases, priority, workflowId, workflowRunId }: OpenTrainingInput,
): Promise<{ runId: string; engine: string }> {
  const { database } = deps;
  const engine = await engineOf(deps, input);
  const request = await requestOf(deps, input, engine);
  const run = await claimRun(
    database,
    {
      key: trainingKey(input),
      kind: ledger.trainingKind,
      dataset: `train/${request.name}`,
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
  await forgetFailures(database, run, 'fit');
  await ledger.adoptData(database, run, { profile: readsOfProfile(run), split: readsOfSplit(run) });
  return { runId: run.runId, engine };
}

/** Lays out one unit a trial and fold, now that the data say which there are. Safe to repeat. */
export async function layOutTrainingFits(
  { database }: Dependencies,
  { runId }: { runId: string },
): Promise<{ fits: number }> {
  return { fits: await ledger.layOutFits(database, await readRun(database, runId)) };
}

/** What the input comes to. Reads every source once: its bytes are part of the name of all that is made of it. */
export async function requestOf(
  { config }: Pick<Dependencies, 'config'>,
  input: TrainingInput,
  engine: string,
): Promise<TrainingRequest> {
  const idle = idleParams(askedTask(input), input.models, input.params ?? {});
  if (idle !== undefined) throw new Failure('InvalidInput', idle);
  const source = sourceOf(config, input.dataset, { generators: 'regression', option: '--dataset' });
  const sourceSha256 = await digestOfSource(source);
  const oot: TrainingRequest['oot'] = [];
  for (const path of input.oot ?? []) {
    const later = sourceOf(config, path, { generators: 'regression', option: '--oot' });
    const sha256 = await digestOfSource(later);
    if (sha256 === sourceSha256) {
      throw new Failure(
        'InvalidInput',
        `oot has ${dataName(path)}, whose bytes are those of the data set: a model is no judge of rows it was fitted on. Give later rows.`,
      );
    }
    oot.push({ name: dataName(path), source: later, sha256 });
  }
  const seed = input.seed ?? trainingDefaults.seed;
  const task = askedTask(input);
  const settings = {
    task,
    target: input.target ?? null,
    features: input.features ?? null,
    exclude: input.exclude ?? [],
    id: input.id ?? null,
    date: input.date ?? null,
    types: input.types ?? {},
    positive: input.positive ?? null,
    validation: input.validation ?? 'auto',
    folds: input.folds ?? null,
    seed,
  };
  const name = dataName(input.dataset);
  const path = await pathOf(config, input, { name, source, settings, engine });
  const distributed = path === 'distributed' && { path, tasks: input.tasks ?? trainingDefaults.tasks };
  const versions = [resultVersion('training_profile'), resultVersion('training_split')];
  const dataVersion = hash(
    [sourceSha256, oot.map(({ sha256 }) => sha256), settings, versions, ...(distributed ? [path] : [])],
    16,
  );
  return {
    dataVersion,
    name,
    source,
    sourceSha256,
    oot,
    task,
    models: input.models,
    metric: input.metric,
    trials: input.trials ?? trainingDefaults.trials,
    parallel: input.parallel ?? trainingDefaults.parallel,
    params: input.params ?? {},
    maxFeatures: input.maxFeatures ?? null,
    threshold: input.threshold ?? null,
    cost: input.cost ?? null,
    seed,
    settings,
    ...distributed,
    objectRoot: `${objectsOf(config, engine)}/training/${dataVersion}`,
  };
}
