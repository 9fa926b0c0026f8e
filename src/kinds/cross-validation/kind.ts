import type { Reason } from '../../ledger/reason.ts';
import type { Run } from '../../ledger/runs.ts';
import { count } from '../../pages/format.ts';
import { backfillPriority } from '../../planning/priorities.ts';
import type { Kind, Phase } from '../kind.ts';
import { pageIsThere, phasesByName } from '../phase.ts';
import { refusalOf } from '../start.ts';
import { fitChunk, planFitChunks } from './fits.ts';
import { parseCvInput } from './input.ts';
import type { CvInput } from './input.ts';
import { cvKey } from './key.ts';
import { cvCounts, missingFits, readSelection } from './ledger.ts';
import type { CvPhase } from './phases.ts';
import { reads } from './reads.ts';
import { cvStatement } from './statement.ts';
import { verifyFolds, verifyFits, verifySelection, verifyRefit } from './verdicts.ts';

const phases: Record<CvPhase, Phase> = {
  folds: { reads: reads.folds, whole: ({ database }, run) => verifyFolds(database, run) },
  fit: {
    reads: reads.fit,
    whole: ({ database }, run) => verifyFits(database, run),
    fanned: { unitKind: 'fit', unitsName: 'fits', plan: planFitChunks, request: fitChunk },
  },
  select: { reads: reads.select, whole: ({ database }, run) => verifySelection(database, run) },
  refit: { reads: reads.refit, whole: ({ database }, run) => verifyRefit(database, run) },
  report: { reads: reads.report, whole: pageIsThere },
};

/** Models, or sets of parameters, compared on the same folds. */
export const crossValidation: Kind = {
  name: 'crossValidation',
  title: 'cross-validation',
  priority: backfillPriority,
  refusal: (input) => refusalOf(parseCvInput(input)),
  takesDataset: false,
  scheduledKey: (input) => cvKey(input as unknown as CvInput),
  // Whether the data was generated is known once its file is read.
  isSample: () => false,
  phase: phasesByName(phases),
  counts: cvCounts,
  statement: (database, run, { status, counts }) => cvStatement(database, run, status, counts),
  explain: async (database, run, units) => {
    // If fits only wait for their folds, the phase's own explanation is enough.
    const prepared = units.some(({ unit, verdict }) => unit === 'folds' && verdict === 'complete');
    return prepared
      ? (await missingFits(database, run.runId)).map((missing) => explainFits(run, missing))
      : [];
  },
  finish: async (database, run, { complete = 0, fits = 0 }) => ({
    figures: [
      `${count(complete)} of ${count(fits)} fits`,
      (await readSelection(database, run.runId))?.reason ?? 'nothing chosen',
    ],
  }),
  page: async (database, run) => {
    const { renderCvReport } = await import('./page/report.ts');
    return renderCvReport(database, run.runId);
  },
};

/** Fits of one model that share a verdict and its reason. */
function explainFits(
  { key }: Run,
  { label, folds, verdict, reason }: Awaited<ReturnType<typeof missingFits>>[number],
): Reason {
  return {
    subject: `${label} fold ${folds.join(', ')} ${verdict}`,
    text: reason ?? 'not fitted yet',
    ...(verdict === 'quarantined' && { advice: `mend the cause, then: npx sevenfold retry ${key}` }),
  };
}
