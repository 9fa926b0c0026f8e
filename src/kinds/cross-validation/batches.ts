import type { Dependencies } from '../../activities/dependencies.ts';
import type { BatchPlacement } from '../../activities/place-batch.ts';
import { Failure } from '../../failures.ts';
import { readRun } from '../../ledger/runs.ts';
import type { Fence } from '../../ledger/units.ts';
import { objectsOf } from '../../objects.ts';
import { inputOf, placementOf } from './fits.ts';
import * as cv from './ledger.ts';
import type { CvJob } from './phases.ts';
import { askedMode } from './planning/mode.ts';
import { meanOf } from './planning/selection.ts';

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
