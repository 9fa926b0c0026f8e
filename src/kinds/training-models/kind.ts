import { backfillPriority } from '../../planning/priorities.ts';
import type { ForecastKind } from '../backfill/forecast-kind.ts';
import { parseTrainInput } from '../backfill/input.ts';
import type { TrainInput } from '../backfill/input.ts';
import { trainKey } from '../backfill/key.ts';
import { layOutWindows } from '../backfill/layout.ts';
import { pageOfForecasts } from '../backfill/page.ts';
import { explainDates, forecastCounts, isSampleSeries } from '../backfill/record.ts';
import { forecastStatement, n, total, windowsOf } from '../backfill/statement.ts';
import { forecastPhases } from '../backfill/verdicts.ts';
import { phasesByName } from '../phase.ts';
import { dayBefore, refusalOf } from '../start.ts';

const { train, report } = forecastPhases;

/** The training part of a backfill alone. */
export const trainingModels: ForecastKind = {
  name: 'trainForecastModels',
  title: 'training of forecast models',
  priority: backfillPriority,
  refusal: (input) => refusalOf(parseTrainInput(input)),
  takesDataset: false,
  scheduledKey: (input, nominalTime) => trainKey(input as unknown as TrainInput, dayBefore(nominalTime)),
  isSample: isSampleSeries,
  // Nothing tells a model that was trained since from one that is still to be.
  again: ({ redo, retrain }) => (redo === undefined && retrain !== true ? {} : { retrain: true }),
  phase: phasesByName({ train, report }),
  mustMakeUnits: true,
  counts: forecastCounts,
  statement: (database, run, ending) => {
    const windows = windowsOf(ending.tallies);
    const due = total(windows, 'units') - total(windows, 'skipped');
    return forecastStatement(database, run, ending, [`${n(total(windows, 'complete'))} of ${n(due)} models`]);
  },
  explain: explainDates,
  finish: async (_, __, { windowsComplete = 0, windows = 0 }) => ({
    figures: [`${n(windowsComplete)} of ${n(windows)} models`],
  }),
  page: pageOfForecasts,
  opening: {
    key: trainKey,
    hasSink: false,
    layOut: ({ database }, run, { due, openDays }) => layOutWindows(database, run, due, openDays),
    afresh: false,
  },
};
