import { Context } from '@temporalio/activity';
import * as chunks from './chunks.ts';
import * as crossValidation from './cross-validation.ts';
import type { Dependencies } from './dependencies.ts';
import { withFailureTypes } from './failures.ts';
import * as forecasts from './forecasts.ts';
import { notifyRun } from './notify.ts';
import * as phases from './phases.ts';
import * as poolPhases from './pool-phases.ts';
import * as portfolio from './portfolio.ts';
import { cancelBatches } from './end-batches.ts';
import { runBatch } from './run-batch.ts';
import * as runs from './runs.ts';
import { sweepBatches } from './sweep-batches.ts';

/** All activities, bound to what they need. Workflows know them by the type of what this returns. */
export function createActivities(deps: Dependencies) {
  const bind =
    <Input, Output>(activity: (deps: Dependencies, input: Input) => Promise<Output>) =>
    (input: Input): Promise<Output> =>
      activity(deps, input);
  return withFailureTypes({
    openRun: bind(runs.openRun),
    openForecasts: bind(forecasts.openForecasts),
    openImport: bind(runs.openImport),
    setRunStatus: bind(runs.setRunStatus),
    setBudget: bind(runs.setBudget),
    closeRun: bind(runs.closeRun),
    beginPhase: bind(phases.beginPhase),
    verifyPhase: bind(phases.verifyPhase),
    failPhase: bind(phases.failPhase),
    openCrossValidation: bind(crossValidation.openCrossValidation),
    planCvBatch: bind(crossValidation.planCvBatch),
    selectModel: bind(crossValidation.selectModel),
    planRound: bind(chunks.planRound),
    beginChunk: bind(chunks.beginChunk),
    noteChunk: bind(chunks.noteChunk),
    skipDates: bind(forecasts.skipDates),
    planPriceBatch: bind(forecasts.planPriceBatch),
    planPoolBatch: bind(poolPhases.planPoolBatch),
    snapshotSettings: bind(poolPhases.snapshotSettings),
    prefilterPools: bind(poolPhases.prefilterPools),
    groupPools: bind(poolPhases.groupPools),
    filterPools: bind(portfolio.filterPools),
    allocate: bind(portfolio.allocate),
    writeReport: bind(poolPhases.writeReport),
    notifyRun: bind(notifyRun),
    runBatch: bind(runBatch),
    cancelBatches: bind((of, input: { runId: string }) =>
      cancelBatches(of, input, Context.current().info.attempt),
    ),
    sweepBatches: bind(sweepBatches),
  });
}

export type Activities = ReturnType<typeof createActivities>;
