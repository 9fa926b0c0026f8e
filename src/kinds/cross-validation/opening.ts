import type { Dependencies } from '../../activities/dependencies.ts';
import { engineOf } from '../../activities/engine-of-run.ts';
import { digestOfSource } from '../../data-files.ts';
import { namedCluster, thisMachine } from '../../engines/names.ts';
import { Failure } from '../../failures.ts';
import { forgetFailures } from '../../ledger/chunks.ts';
import { resultVersion } from '../../ledger/result-versions.ts';
import { claimRun } from '../../ledger/runs.ts';
import type { Claimant } from '../../ledger/runs.ts';
import { layOutUnits } from '../../ledger/units.ts';
import { objectsOf } from '../../objects.ts';
import { isOpenInTemporal } from '../../open-in-temporal.ts';
import { candidatesOf, criterionOf, readSettings } from './candidates.ts';
import type { GridSettings } from './candidates.ts';
import { cvDefaults, foldsOf } from './input.ts';
import type { CvInput } from './input.ts';
import { dataName } from '../data-name.ts';
import { sourceOf } from '../data-source.ts';
import { hash } from '../digest.ts';
import { cvKey } from './key.ts';
import * as cv from './ledger.ts';
import type { CvRequest } from './ledger.ts';
import type { CvPhase } from './phases.ts';
import { askedMode } from './planning/mode.ts';
import { readsOfFolds } from './reads.ts';

export interface OpenCrossValidationInput extends Claimant {
  input: CvInput;
  phases: readonly CvPhase[];
  priority: number;
}

/**
 * Claims a cross-validation and lays out its fits; those that any run has stored under the same name are taken over. Safe
 * to repeat: the holder claims what it already holds. What cannot be right is refused before anything is written.
 */
export async function openCrossValidation(
  deps: Dependencies,
  { input, phases, priority, workflowId, workflowRunId }: OpenCrossValidationInput,
): Promise<{ runId: string; engine: string }> {
  const { database } = deps;
  const engine = await engineOfRun(deps, input);
  const request = await requestOf(deps, input, engine);
  const run = await claimRun(
    database,
    {
      key: cvKey(input),
      kind: 'crossValidation',
      dataset: `cv/${request.name}`,
      date: null,
      workflowId,
      workflowRunId,
      priority,
      engine,
      input: { ...input },
      request,
    },
    (holder) => isOpenInTemporal(deps.temporal, holder),
  );
  await layOutUnits(database, run.runId, phases);
  await cv.layOutFits(database, run);
  await forgetFailures(database, run, 'fit');
  await cv.adoptPreparedData(database, run, readsOfFolds(run));
  return { runId: run.runId, engine };
}

/** What the input comes to. Reads the whole source once: its bytes are part of the name of all that is made of it. */
async function requestOf({ config }: Dependencies, input: CvInput, engine: string): Promise<CvRequest> {
  const source = sourceOf(config, input.dataset, {
    generators: 'survival|timeseries|regression',
    option: '--dataset',
  });
  const models = candidatesOf(config.checkout, input);
  const sourceSha256 = await digestOfSource(source);
  const folds = foldsOf(input);
  const seed = input.seed ?? cvDefaults.seed;
  const settings = {
    time: input.time,
    event: input.event,
    target: input.target,
    id: input.id,
    date: input.date,
    foldColumn: input.foldColumn,
    features: input.features,
    exclude: input.exclude,
    categorical: input.categorical,
    strata: input.strata,
    completeRows: input.completeRows === true,
    folds,
    splitter: input.splitter ?? usualSplitter(input),
    gap: input.gap ?? cvDefaults.gap,
    seed,
    horizons: input.horizons ?? [],
    parity: input.parity === true,
    ...(input.task !== 'survival' && {
      lightgbm: readSettings<GridSettings>(config.checkout, 'lightgbm').fixed,
    }),
  };
  const dataVersion = hash([sourceSha256, input.task, settings, resultVersion('cv_prepare')], 16);
  return {
    dataVersion,
    name: dataName(input.dataset),
    source,
    sourceSha256,
    task: input.task,
    runType: input.runType ?? cvDefaults.runType,
    parity: input.parity === true,
    metric: criterionOf(input.task).metric,
    folds,
    splitter: settings.splitter,
    seed,
    threads: input.threads ?? cvDefaults.threads,
    models,
    settings,
    objectRoot: `${objectsOf(config, engine)}/cv/${dataVersion}`,
  };
}

/** A gap lies between blocks of time; else a grid's rows decide, which are one where they have dates. */
function usualSplitter({ task, gap }: CvInput): string {
  if (task === 'survival') return 'stratified';
  return gap !== undefined && gap > 0 ? 'timeSeries' : 'auto';
}

/** Modes without Spark and with Spark of this machine need no other engine; a cluster must be there to be asked for. */
async function engineOfRun(deps: Dependencies, input: CvInput): Promise<string> {
  const mode = askedMode(input);
  if (mode === 'spark_cluster' && input.sparkMaster !== undefined) return namedCluster;
  if (mode !== 'auto' && mode !== 'spark_cluster') return input.engine === 'queue' ? 'queue' : thisMachine;
  const engine = await engineOf(deps, input);
  if (mode === 'spark_cluster' && engine === thisMachine) {
    throw new Failure(
      'InvalidInput',
      'Mode spark_cluster needs a cluster, and none is configured: set SPARK_MASTER_URL or Dataproc (docs/configuration.md), or give --spark-master spark://host:port.',
    );
  }
  return engine;
}
