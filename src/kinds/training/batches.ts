import type { Dependencies } from '../../activities/dependencies.ts';
import type { BatchPlacement } from '../../activities/place-batch.ts';
import { Failure } from '../../failures.ts';
import { readRun } from '../../ledger/runs.ts';
import type { Run } from '../../ledger/runs.ts';
import type { Fence } from '../../ledger/units.ts';
import { objectsOf } from '../../objects.ts';
import { withoutSpark } from './fits.ts';
import * as ledger from './ledger.ts';
import type { TrainingRequest } from './ledger.ts';
import { resultRootOf } from './outputs.ts';
import { trainingJobs } from './phases.ts';
import type { TrainingBatchPhase } from './phases.ts';

/**
 * What the one batch of a phase is asked, and where it goes: to this machine, where the file is and where one process is
 * faster than a session of Spark; to the run's engine where the rows are shared by tasks. Only reads.
 */
export async function planTrainingBatch(
  { database, config }: Dependencies,
  { phase, fence }: { phase: TrainingBatchPhase; fence: Fence },
): Promise<{ job: string; input: Record<string, unknown>; placement: BatchPlacement }> {
  const run = await readRun(database, fence.runId);
  const request = ledger.trainingRequestOf(run);
  const { dataVersion, name, objectRoot, settings, seed } = request;
  const common = { runId: run.runId, dataVersion, name, objectRoot, seed };
  const { source, sourceSha256, oot, tasks } = request;
  const inTasks = tasks === undefined ? {} : { tasks };
  const inputs: Record<TrainingBatchPhase, () => Promise<Record<string, unknown>>> = {
    profile: async () => ({ ...common, ...inTasks, source, sourceSha256, oot, settings }),
    split: async () => ({ ...common, settings }),
    select: async () => ({ ...common, ...(await decidedBy(database, run, request)) }),
    refit: async () => ({
      ...common,
      ...(await decidedBy(database, run, request)),
      ...inTasks,
      sourceSha256,
      selection: await selectionOf(database, run),
      maxFeatures: request.maxFeatures,
      modelsRoot: `${objectsOf(config, run.engine)}/models`,
    }),
    evaluate: async () => ({
      ...common,
      ...(await decidedBy(database, run, request)),
      oot: oot.map((later) => later.name),
      threshold: (await selectionOf(database, run)).threshold,
      ...(await modelOf(database, run)),
      resultRoot: resultRootOf(config, run),
    }),
    explain: async () => ({
      ...common,
      ...(await modelOf(database, run)),
      resultRoot: resultRootOf(config, run),
      // Where to stands in the environment of the job: an address may hold a password.
      tracking: config.trackingUri !== undefined,
    }),
  };
  const placement = tasks !== undefined && phasesInTasks.has(phase) ? {} : withoutSpark;
  return { job: trainingJobs[phase], input: await inputs[phase](), placement };
}

/** Phases that look at all columns of all rows: on the distributed path, tasks of Spark do. */
const phasesInTasks: ReadonlySet<TrainingBatchPhase> = new Set(['profile', 'refit']);

async function decidedBy(
  database: Dependencies['database'],
  run: Run,
  request: TrainingRequest,
): Promise<Record<string, unknown>> {
  const { task, folds } = await ledger.readData(database, run);
  const { threshold, cost } = request;
  return {
    task,
    folds,
    metric: ledger.metricOfRun(request, task),
    thresholdRule: cost ?? threshold ?? 'half',
  };
}

async function selectionOf(database: Dependencies['database'], run: Run): Promise<ledger.Selection> {
  const selection = await ledger.readSelection(database, run.runId);
  if (selection === undefined) throw new Failure('CheckFailed', 'No model was chosen.');
  return selection;
}

async function modelOf(
  database: Dependencies['database'],
  run: Run,
): Promise<{ modelId: string; modelRoot: string }> {
  const refit = await ledger.readRefit(database, run.runId);
  if (refit === undefined) throw new Failure('CheckFailed', 'The chosen model is not fitted yet.');
  return { modelId: refit.modelId, modelRoot: refit.root };
}
