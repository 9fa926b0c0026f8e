import { resultVersion } from '../../ledger/result-versions.ts';
import type { Run } from '../../ledger/runs.ts';
import type { Phase } from '../kind.ts';
import { stateOf } from '../unit-state.ts';
import { hash } from '../digest.ts';
import { cvRequestOf, readSelection } from './ledger.ts';
import type { CvPhase } from './phases.ts';

const digits = 32;

/** Raised when the page of a cross-validation, or the rule of the choice, changes. */
const versions = { report: 2, select: 2 };

/** What each phase of a cross-validation would read now. The fits have none: each is named by its content. */
export const reads: Record<CvPhase, Phase['reads']> = {
  folds: async (_, run) => readsOfFolds(run),
  fit: async (_, run) => hash(['fit', cvRequestOf(run).dataVersion], digits),
  select: async ({ database }, run) =>
    hash([versions.select, await stateOf(database, run, `kind = 'fit'`)], digits),
  refit: async ({ database }, run) => {
    const selection = await readSelection(database, run.runId);
    const fits = await stateOf(database, run, `kind = 'fit'`);
    const { dataVersion } = cvRequestOf(run);
    return hash([dataVersion, resultVersion('cv_refit'), selection?.paramsHash ?? null, fits], digits);
  },
  report: async ({ database }, run) =>
    hash([versions.report, await stateOf(database, run, `unit <> 'report'`)], digits),
};

export function readsOfFolds(run: Run): string {
  const { dataVersion, objectRoot } = cvRequestOf(run);
  return hash([dataVersion, objectRoot, resultVersion('cv_prepare')], digits);
}
