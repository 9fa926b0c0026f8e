import { totalmem } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Dependencies } from './dependencies.ts';
import { objectsOf } from '../objects.ts';
import type { BatchPlacement } from './place-batch.ts';
import { engineOf } from './runs.ts';
import { isOpenInTemporal } from '../open-in-temporal.ts';
import { candidatesOf, criterionOf, readSettings } from '../cv/candidates.ts';
import type { GridSettings } from '../cv/candidates.ts';
import { cautionWords, heldOutWords, orderOf, outWords, reasonOf, refusalOf } from '../cv/choice.ts';
import { gigabytes } from '../environment-values.ts';
import { digestOfSource, isThere } from '../data-files.ts';
import { inTransaction } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import type { OpenedChunk } from '../ledger/chunks.ts';
import { outOfTheRunning, readTestShare } from '../ledger/cv-choice.ts';
import { cvFingerprint } from '../ledger/cv-fingerprints.ts';
import * as cv from '../ledger/cv.ts';
import type { CvRequest } from '../ledger/cv.ts';
import { resultVersion } from '../ledger/result-versions.ts';
import { claimRun, readRun } from '../ledger/runs.ts';
import type { Claimant, Run } from '../ledger/runs.ts';
import { layOutUnits, passFence } from '../ledger/units.ts';
import type { Fence } from '../ledger/units.ts';
import type { ChunkPlan } from '../planning/chunks.ts';
import { cvDefaults, cvName, foldsOf } from '../planning/cv-input.ts';
import type { CvInput } from '../planning/cv-input.ts';
import { cvKey, hash } from '../planning/cv-key.ts';
import { askedMode, planMode } from '../planning/cv-mode.ts';
import type { CvPlan } from '../planning/cv-mode.ts';
import { limitOfFits, planFits } from '../planning/fit-chunks.ts';
import type { OpenFit } from '../planning/fit-chunks.ts';
import type { CvJob, CvUnit } from '../planning/phases.ts';
import type { Mode } from '../planning/placement-input.ts';
import { leaderboard, meanOf, selectSimplest } from '../planning/selection.ts';

export interface OpenCrossValidationInput extends Claimant {
  input: CvInput;
  phases: readonly CvUnit[];
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
  await cv.forgetFailedFits(database, run);
  await cv.adoptPreparedData(database, run, await cvFingerprint(database, run, 'folds'));
  return { runId: run.runId, engine };
}

/** What the input comes to. Reads the whole source once: its bytes are part of the name of all that is made of it. */
async function requestOf({ config }: Dependencies, input: CvInput, engine: Mode): Promise<CvRequest> {
  const source = sourceOf(config, input.dataset);
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
    name: cvName(input.dataset),
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

/** A path, or the name of a data set that was generated here. */
function sourceOf({ checkout, stateFolder }: Dependencies['config'], dataset: string): string {
  const isName = /^[\w-]+$/.test(dataset);
  const generated = join(stateFolder, 'datasets', `${dataset}.parquet`);
  const source = isName ? generated : isAbsolute(dataset) ? dataset : resolve(checkout, dataset);
  if (isThere(source)) return source;
  throw new Failure(
    'InvalidInput',
    isName
      ? `There is no data set "${dataset}". Make one: npx sevenfold generate survival|timeseries|regression, or give the path of a Parquet or CSV file.`
      : `There is no file or folder ${source}: check --dataset.`,
  );
}

/** Modes without Spark and with Spark of this machine need no other engine; a cluster must be there to be asked for. */
async function engineOfRun(deps: Dependencies, input: CvInput): Promise<Mode> {
  const mode = askedMode(input);
  if (mode === 'spark_cluster' && input.sparkMaster !== undefined) return 'standalone';
  if (mode !== 'auto' && mode !== 'spark_cluster') return input.engine === 'queue' ? 'queue' : 'local';
  const engine = await engineOf(deps, input);
  if (mode === 'spark_cluster' && engine === 'local') {
    throw new Failure(
      'InvalidInput',
      'Mode spark_cluster needs a cluster, and none is configured: set SPARK_MASTER_URL or Dataproc (docs/configuration.md), or give --spark-master spark://host:port.',
    );
  }
  return engine;
}

/** Cuts the fits that are left into batches; how they are carried out is decided in the first round and kept. */
export async function planFitChunks(
  deps: Dependencies,
  run: Run,
): Promise<{ open: OpenFit[]; plan: ChunkPlan }> {
  const open = await cv.readOpenFits(deps.database, run);
  const noted = await cv.readCvPlan(deps.database, run);
  const planned = noted ?? decideMode(deps, run, open);
  if (noted === undefined && open.length > 0) await cv.noteCvPlan(deps.database, run, planned);
  return { open, plan: planFits(open, planned) };
}

function decideMode({ config }: Dependencies, run: Run, open: readonly OpenFit[]): CvPlan {
  const work = open.reduce((sum, { seconds }) => sum + seconds, 0);
  return planMode(inputOf(run), work, { cores: config.sparkCores, cluster: run.engine !== 'local' });
}

function inputOf(run: Run): CvInput {
  return run.input as unknown as CvInput;
}

/** What the batch of a chunk of fits is asked, how long it may take, and where it goes. */
export async function fitChunk(
  deps: Dependencies,
  run: Run,
  { units }: OpenedChunk,
): Promise<{
  job: 'cv_fit';
  input: Record<string, unknown>;
  timeoutMs: number;
  placement: BatchPlacement;
}> {
  const { database, config } = deps;
  const request = cv.cvRequestOf(run);
  const open = new Map((await cv.readOpenFits(database, run)).map((fit) => [fit.unit, fit]));
  const plan = (await cv.readCvPlan(database, run)) ?? decideMode(deps, run, [...open.values()]);
  const candidates = new Map(request.models.map((candidate) => [candidate.label, candidate]));
  const fits = units.flatMap(({ unit }) => open.get(unit) ?? []);
  const { horizons } = await cv.readSettings(database, request.dataVersion);
  if (plan.mode !== 'pandas') fits.sort((a, b) => b.seconds - a.seconds);
  return {
    job: 'cv_fit',
    input: {
      dataVersion: request.dataVersion,
      objectRoot: request.objectRoot,
      task: request.task,
      mode: isSpark(plan) ? 'spark' : plan.mode,
      processes: plan.processes,
      memoryMb: memoryOf(config, run, plan),
      runType: request.runType,
      parity: request.parity,
      horizons,
      fits: fits.map(({ unit, modelVersion, fold, seconds, megabytes }) => {
        const candidate = candidates.get(modelVersion)!;
        return {
          unit,
          fitKey: cv.fitKey(request, candidate, fold),
          model: candidate.model,
          fold,
          params: candidate.params,
          paramsHash: candidate.paramsHash,
          seed: request.seed,
          threads: request.threads,
          estimateSeconds: seconds,
          estimateMb: Math.ceil(megabytes),
        };
      }),
    },
    timeoutMs: limitOfFits(fits, plan.processes),
    placement: placementOf(run, plan.mode),
  };
}

function isSpark({ mode }: Pick<CvPlan, 'mode'>): boolean {
  return mode === 'spark_local' || mode === 'spark_cluster';
}

function placementOf(run: Run, mode: CvPlan['mode']): BatchPlacement {
  const { sparkMaster, sparkMemory } = inputOf(run);
  if (mode === 'pandas' || mode === 'mp') return { engine: 'local', withoutSpark: true };
  const memory = sparkMemory === undefined ? {} : { sparkMemory };
  if (mode === 'spark_local') return { engine: 'local', ...memory };
  return sparkMaster?.startsWith('spark://') === true
    ? { engine: 'standalone', master: sparkMaster, ...memory }
    : memory;
}

/** What is left beside the stack itself, and beside Spark's JVM. */
const shareOfMemory = 0.75;

/**
 * Megabytes that fits may take: together, where one batch starts their processes; each, where Spark does, which counts
 * its own JVM and nothing of Python.
 */
function memoryOf(config: Dependencies['config'], run: Run, plan: CvPlan): number {
  const { sparkMemory } = inputOf(run);
  if (plan.mode === 'spark_cluster') {
    return Math.floor(gigabytes(sparkMemory ?? config.sparkExecutorMemory) * 1024);
  }
  const constrained = process.constrainedMemory();
  const machine = Math.min(totalmem(), constrained > 0 ? constrained : Infinity) / 2 ** 20;
  if (plan.mode !== 'spark_local') return Math.floor(machine * shareOfMemory);
  const jvm = gigabytes(sparkMemory ?? config.sparkDriverMemory) * 1024;
  return Math.max(1, Math.floor((machine * shareOfMemory - jvm) / config.sparkCores));
}

/** What the one batch of a phase is asked, and where it goes. Only reads. */
export async function planCvBatch(
  { database, config }: Dependencies,
  { job, fence }: { job: CvJob; fence: Fence },
): Promise<{ input: Record<string, unknown>; placement: BatchPlacement }> {
  const run = await readRun(database, fence.runId);
  const request = cv.cvRequestOf(run);
  const { dataVersion, name, source, sourceSha256, task, runType, settings, objectRoot } = request;
  const common = { dataVersion, name, objectRoot, task, runType };
  if (job === 'cv_prepare') {
    // Here, because the file is here: a driver of Dataproc would not find it.
    const placement = placementOf(run, 'pandas');
    return { input: { ...common, path: source, source, sourceSha256, ...settings }, placement };
  }
  const selection = await cv.readSelection(database, run.runId);
  const candidate = request.models.find(({ paramsHash }) => paramsHash === selection?.paramsHash);
  if (candidate === undefined) {
    throw new Failure('CheckFailed', 'No model was chosen, so there is none to fit on all rows.');
  }
  // One process does it, wherever that is; only a cluster that was asked for by name is asked for this too.
  const mode = askedMode(inputOf(run));
  const placement = placementOf(run, mode === 'spark_cluster' ? mode : 'pandas');
  const fits = await cv.readStoredFits(database, run);
  const trees = fits.flatMap(({ paramsHash, bestIteration }) =>
    paramsHash === candidate.paramsHash && bestIteration !== null ? [bestIteration] : [],
  );
  return {
    input: {
      ...common,
      resultRoot: `${objectsOf(config, run.engine)}/cv/results/${runType}/${name}/${run.runId.slice(0, 8)}`,
      stamp: stampOf(run.openedAt),
      runId: run.runId,
      selection: {
        model: candidate.model,
        label: candidate.label,
        params: candidate.params,
        paramsHash: candidate.paramsHash,
        ...(trees.length > 0 && { trees: Math.max(1, Math.round(meanOf(trees))) }),
      },
      fits: fits.map(({ model, label, fold, paramsHash, fitKey }) => ({
        model,
        label,
        fold,
        paramsHash,
        fitKey,
      })),
      seed: request.seed,
      threads: request.threads,
      parity: request.parity,
      horizons: (await cv.readSettings(database, dataVersion)).horizons,
    },
    placement,
  };
}

/** `20260131_093000` */
function stampOf(moment: Date): string {
  return moment.toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '').replace('T', '_');
}

/**
 * Chooses among the models of a run. Safe to repeat: the same fits give the same choice. A model that fails on every fold
 * for a reason of its own is out of the running; refuses, naming them, while any other lacks a fold.
 */
export async function selectModel(
  { database }: Dependencies,
  { fence }: { fence: Fence },
): Promise<{ label: string }> {
  const run = await readRun(database, fence.runId);
  const request = cv.cvRequestOf(run);
  const out = await outOfTheRunning(database, run.runId);
  const labelsOut = out.map(({ label }) => label);
  const missing = await cv.missingFits(database, run.runId);
  const lacking = missing.filter(({ label }) => !labelsOut.includes(label));
  const candidates = request.models.filter(({ label }) => !labelsOut.includes(label));
  if (lacking.length > 0 || candidates.length === 0) {
    // What was chosen from other fits must not stand beside a refusal.
    await database.query('delete from cv_selections where run_id = $1', [run.runId]);
    throw new Failure('CheckFailed', refusalOf(lacking.length > 0 ? lacking : missing, run.key));
  }
  const fits = (await cv.readStoredFits(database, run)).filter(({ label }) => !labelsOut.includes(label));
  const { higherIsBetter } = criterionOf(request.task);
  const { splitter } = await cv.readSettings(database, request.dataVersion);
  const all = cv.foldNumbers(request);
  // Of a time series the newest fold is kept out of the choice: what it says of the chosen one is no boast.
  const heldOut = splitter === 'timeSeries' && all.length > 2 ? all.at(-1) : undefined;
  const folds = all.filter((fold) => fold !== heldOut);
  const compared = { ...request, models: candidates };
  const order = orderOf(compared, fits);
  const testShare = await readTestShare(database, request.dataVersion, folds);
  const board = leaderboard(fits, { metric: request.metric, higherIsBetter, order, folds, testShare });
  const { chosen, best } = selectSimplest(board, order);
  const words = [
    reasonOf(compared, { chosen, best, simplest: order[0]!, folds: folds.length }),
    heldOutWords(fits, chosen, heldOut, request.metric),
    cautionWords(fits, chosen),
    outWords(out),
  ];
  const reason = words.filter((word) => word !== '').join(' ');
  await inTransaction(database, async (client) => {
    await client.query(
      `insert into cv_selections (run_id, model, params_hash, metric, leaderboard, reason)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (run_id) do update
          set model = excluded.model, params_hash = excluded.params_hash, metric = excluded.metric,
              leaderboard = excluded.leaderboard, reason = excluded.reason, selected_at = now(),
              refit = case when cv_selections.params_hash = excluded.params_hash then cv_selections.refit end`,
      [run.runId, chosen.model, chosen.paramsHash, request.metric, JSON.stringify(board), reason],
    );
    await passFence(client, fence, { rowsDue: 1, detail: { chosen: chosen.label } });
  });
  return { label: chosen.label };
}
