import { resultVersion } from '../../ledger/result-versions.ts';
import type { Run } from '../../ledger/runs.ts';
import type { Database } from '../../database/pool.ts';
import { hash } from '../digest.ts';
import type { Phase } from '../kind.ts';
import { stateOf } from '../unit-state.ts';
import { readRefit, readSelection, trainingRequestOf } from './ledger.ts';
import type { TrainingPhase } from './phases.ts';

const digits = 32;

/** Raised when the page of a training changes. */
const pageVersion = 1;

/** What each phase of a training would read now. The fits carry digests of their own. */
export const reads: Record<TrainingPhase, Phase['reads']> = {
  profile: async (_, run) => readsOfProfile(run),
  split: async (_, run) => readsOfSplit(run),
  fit: async (_, run) => hash(['fit', trainingRequestOf(run).dataVersion], digits),
  select: async ({ database }, run) => {
    const { metric, threshold, cost, seed } = trainingRequestOf(run);
    const fits = await stateOf(database, run, `kind = 'fit'`);
    return hash([metric, threshold, cost, seed, resultVersion('training_select'), fits], digits);
  },
  refit: async ({ database }, run) => {
    const selection = await readSelection(database, run.runId);
    return hash(
      [resultVersion('training_refit'), selection?.members, selection?.threshold, selection?.fitsSha256],
      digits,
    );
  },
  evaluate: async ({ database }, run) =>
    hash([await madeOf(database, run), resultVersion('training_evaluate')], digits),
  explain: async ({ database, config }, run) => {
    const sentTo = config.trackingUri === undefined ? [] : [config.trackingUri];
    return hash([await madeOf(database, run), resultVersion('training_explain'), ...sentTo], digits);
  },
  report: async ({ database }, run) =>
    hash(
      [pageVersion, await madeOf(database, run), await stateOf(database, run, `unit <> 'report'`)],
      digits,
    ),
};

export function readsOfProfile(run: Run): string {
  const { dataVersion, objectRoot } = trainingRequestOf(run);
  return hash([dataVersion, objectRoot, resultVersion('training_profile')], digits);
}

export function readsOfSplit(run: Run): string {
  return hash([readsOfProfile(run), resultVersion('training_split')], digits);
}

async function madeOf(database: Database, run: Run): Promise<unknown> {
  const refit = await readRefit(database, run.runId);
  return [trainingRequestOf(run).dataVersion, refit?.modelId, refit?.fitsSha256];
}
