import { totalmem } from 'node:os';
import type { Dependencies } from '../../activities/dependencies.ts';
import type { BatchPlacement } from '../../activities/place-batch.ts';
import { namedCluster, thisMachine } from '../../engines/names.ts';
import { gigabytes } from '../../environment-values.ts';
import type { OpenedChunk } from '../../ledger/chunks.ts';
import type { Run } from '../../ledger/runs.ts';
import type { ChunkPlan } from '../../planning/chunks.ts';
import type { World } from '../kind.ts';
import type { CvInput } from './input.ts';
import * as cv from './ledger.ts';
import { limitOfFits, planFits } from './planning/fit-chunks.ts';
import type { OpenFit } from './planning/fit-chunks.ts';
import { planMode } from './planning/mode.ts';
import type { CvPlan } from './planning/mode.ts';

/** Cuts the fits that are left into batches; how they are carried out is decided in the first round and kept. */
export async function planFitChunks(deps: World, run: Run): Promise<{ open: OpenFit[]; plan: ChunkPlan }> {
  const open = await cv.readOpenFits(deps.database, run);
  const noted = await cv.readCvPlan(deps.database, run);
  const planned = noted ?? decideMode(deps, run, open);
  if (noted === undefined && open.length > 0) await cv.noteCvPlan(deps.database, run, planned);
  return { open, plan: planFits(open, planned) };
}

function decideMode({ config }: World, run: Run, open: readonly OpenFit[]): CvPlan {
  const work = open.reduce((sum, { seconds }) => sum + seconds, 0);
  return planMode(inputOf(run), work, { cores: config.sparkCores, cluster: run.engine !== thisMachine });
}

export function inputOf(run: Run): CvInput {
  return run.input as unknown as CvInput;
}

/** What the batch of a chunk of fits is asked, how long it may take, and where it goes. */
export async function fitChunk(
  deps: World,
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

export function placementOf(run: Run, mode: CvPlan['mode']): BatchPlacement {
  const { sparkMaster, sparkMemory } = inputOf(run);
  if (mode === 'pandas' || mode === 'mp') return { engine: thisMachine, withoutSpark: true };
  const memory = sparkMemory === undefined ? {} : { sparkMemory };
  if (mode === 'spark_local') return { engine: thisMachine, ...memory };
  return sparkMaster?.startsWith('spark://') === true
    ? { engine: namedCluster, master: sparkMaster, ...memory }
    : memory;
}

/** Memory that the stack and Spark's JVM leave for fits. */
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
