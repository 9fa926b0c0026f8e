import { count } from '../../pages/format.ts';
import { backfillPriority } from '../../planning/priorities.ts';
import type { Kind, Phase } from '../kind.ts';
import { pageIsThere, phasesByName } from '../phase.ts';
import { refusalOf } from '../start.ts';
import { fitChunk, planFitChunks } from './fits.ts';
import { parseTrainingInput } from './input.ts';
import type { TrainingInput } from './input.ts';
import { trainingKey } from './key.ts';
import { missingFits, readRefit, readSelection, trainingCounts, trainingKind } from './ledger.ts';
import { verdictSentence } from './outcome.ts';
import type { TrainingPhase } from './phases.ts';
import { reads } from './reads.ts';
import { trainingStatement } from './statement.ts';
import * as verdicts from './verdicts.ts';

const phases: Record<TrainingPhase, Phase> = {
  profile: { reads: reads.profile, whole: verdicts.verifyProfile },
  split: { reads: reads.split, whole: verdicts.verifySplit },
  fit: {
    reads: reads.fit,
    whole: verdicts.verifyFits,
    fanned: { unitKind: 'fit', unitsName: 'fits', plan: planFitChunks, request: fitChunk },
  },
  select: { reads: reads.select, whole: verdicts.verifySelection },
  refit: { reads: reads.refit, whole: verdicts.verifyRefit },
  evaluate: { reads: reads.evaluate, whole: verdicts.verifyEvaluation },
  explain: { reads: reads.explain, whole: verdicts.verifyExplanation },
  report: { reads: reads.report, whole: pageIsThere },
};

/** A model of one target from one table: chosen by rows it was not fitted on, judged by rows nobody looked at. */
export const training: Kind = {
  name: trainingKind,
  title: 'training',
  priority: backfillPriority,
  refusal: (input) => refusalOf(parseTrainingInput(input)),
  takesDataset: false,
  scheduledKey: (input) => trainingKey(input as unknown as TrainingInput),
  // Whether the data was generated is known once its file is read.
  isSample: () => false,
  phase: phasesByName(phases),
  counts: trainingCounts,
  statement: (database, run, { status, counts }) => trainingStatement(database, run, status, counts),
  explain: async (database, run, units) => {
    // Fits that only wait for their data are explained by the phase.
    const prepared = units.some(({ unit, verdict }) => unit === 'split' && verdict === 'complete');
    if (!prepared) return [];
    return (await missingFits(database, run.runId)).map(({ model, fits, verdict, reason }) => ({
      subject: `${model}: ${count(fits)} fits ${verdict}`,
      text: reason ?? 'not fitted yet',
      ...(verdict === 'quarantined' && { advice: `mend the cause, then: npx sevenfold retry ${run.key}` }),
    }));
  },
  finish: async (database, run, { complete = 0, fits = 0 }) => {
    const refit = await readRefit(database, run.runId);
    const verdict = await verdictSentence(database, run.runId);
    return {
      figures: [
        `${count(complete)} of ${count(fits)} fits`,
        (await readSelection(database, run.runId))?.reason ?? 'nothing chosen',
      ],
      remarks: [
        ...(verdict === undefined ? [] : [verdict]),
        ...(refit === undefined
          ? []
          : [
              `model ${refit.modelId}; apply it: npx sevenfold score --model ${refit.modelId} --dataset <file>`,
            ]),
      ],
    };
  },
  page: async (database, run) => {
    const { renderTrainingReport } = await import('./page/report.ts');
    return renderTrainingReport(database, run.runId);
  },
};
