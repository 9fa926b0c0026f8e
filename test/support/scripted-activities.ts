import { Context } from '@temporalio/activity';
import type { Activities } from '../../src/activities/index.ts';
import type { RunSummary } from '../../src/activities/runs.ts';

export interface Call {
  name: keyof Activities;
  input: Record<string, unknown>;
}

/**
 * Activities for tests of the workflow alone: they answer at once as if everything went well, and note who was called.
 * `script` replaces single answers. That the real ones behave like this is shown by the tests of the activities.
 */
export function scriptedActivities(script: Partial<Activities> = {}): {
  activities: Activities;
  calls: Call[];
} {
  const calls: Call[] = [];
  const summary = (status: RunSummary['status'], runId: string): RunSummary => ({
    runId,
    key: 'daily/sample/2026-01-31',
    status,
    statement: `daily/sample/2026-01-31 is ${status}.`,
    counts: {},
  });
  const usual: Activities = {
    openRun: async () => ({ runId: 'run-1', attempt: 1, engine: 'local' }),
    openForecasts: async () => ({ runId: 'run-1', engine: 'local' }),
    openImport: async () => ({ runId: 'run-1', engine: 'local' }),
    openCrossValidation: async () => ({ runId: 'run-1', engine: 'local' }),
    planCvBatch: async () => ({ input: {}, placement: {} }),
    selectModel: async () => ({ label: 'cox_ph' }),
    openTraining: async () => ({ runId: 'run-1', engine: 'local' }),
    planTrainingBatch: async ({ phase }) => ({ job: `training_${phase}`, input: {}, placement: {} }),
    layOutTrainingFits: async () => ({ fits: 0 }),
    openScoring: async () => ({ runId: 'run-1', engine: 'local' }),
    planScoring: async () => ({ job: 'training_score', input: {}, placement: {} }),
    planRound: async () => ({ first: 1, last: 0, waiting: false }),
    beginChunk: async () => null,
    noteChunk: async () => {},
    skipDates: async () => ({ dates: 1 }),
    planPriceBatch: async () => ({}),
    setRunStatus: async () => {},
    setBudget: async () => {},
    sweepBatches: async () => ({ open: 0, orphans: [], waiting: [], left: 0, statement: 'nothing is open' }),
    closeRun: async (input) => summary(input.status, input.runId),
    beginPhase: async (input) => ({
      reused: false,
      fence: { runId: input.runId, unit: input.phase, attempt: 1, fingerprint: `of ${input.phase}` },
    }),
    verifyPhase: async () => ({ complete: true, reason: '' }),
    failPhase: async () => {},
    planPoolBatch: async () => ({}),
    snapshotSettings: async () => {},
    planFetch: async () => [],
    countWanted: async () => 0,
    fetchSource: async ({ source }) => ({ source, stored: 0, bytes: 0, missing: 0 }),
    settleSources: async () => {},
    prefilterPools: async () => {},
    groupPools: async () => {},
    filterPools: async () => {},
    allocate: async () => {},
    proposeAllocation: async () => ({ waitMs: 3_600_000 }),
    decideProposal: async () => {},
    writeReport: async () => {},
    notifyRun: async () => ({ state: 'sent' }),
    runBatch: async ({ job }) => ({ batchId: `sf-${job}`, engine: 'local', succeeded: true }),
    cancelBatches: async () => ({ cancelled: 0 }),
  };
  const activities = Object.fromEntries(
    Object.entries({ ...usual, ...script }).map(([name, activity]) => [
      name,
      async (input: never) => {
        calls.push({ name: name as keyof Activities, input });
        return activity(input);
      },
    ]),
  ) as unknown as Activities;
  return { activities, calls };
}

/** An activity that watches and never sees an end; it goes when its worker goes. */
export function watchForever(): Promise<never> {
  return Context.current().cancelled;
}
