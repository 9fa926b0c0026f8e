import { findRun } from '../../ledger/runs.ts';
import { backfillPriority } from '../../planning/priorities.ts';
import { phasesByName } from '../phase.ts';
import { dayBefore, refusalOf } from '../start.ts';
import type { ForecastKind } from './forecast-kind.ts';
import { parseBackfillInput } from './input.ts';
import type { BackfillInput } from './input.ts';
import { backfillKey } from './key.ts';
import { layOutDates, layOutWindows } from './layout.ts';
import { refuseOverlap } from './overlap.ts';
import { pageOfForecasts } from './page.ts';
import { refuseStalePlan } from './plans.ts';
import { explainDates, forecastCounts, isSampleSeries } from './record.ts';
import { datesOf, forecastStatement, n, total } from './statement.ts';
import { forecastPhases } from './verdicts.ts';

const { train, infer, evaluate, report } = forecastPhases;

/** The forecasts of a range of dates as they would have been made on each of them. */
export const backfill: ForecastKind = {
  name: 'forecastBackfill',
  title: 'forecast backfill',
  priority: backfillPriority,
  refusal: (input) => refusalOf(parseBackfillInput(input)),
  takesDataset: false,
  scheduledKey: (input, nominalTime) =>
    backfillKey(input as unknown as BackfillInput, dayBefore(nominalTime)),
  isSample: isSampleSeries,
  // What a redone run left undone was made from another world, and still is; a model that was trained since is known.
  again: ({ redo, retrain }) => (redo === undefined && retrain !== true ? {} : { redo: 'changed' }),
  phase: phasesByName({ train, infer, evaluate, report }),
  mustMakeUnits: true,
  skippable: 'date',
  counts: forecastCounts,
  statement: (database, run, ending) => {
    const { counts } = ending;
    const dates = datesOf(ending.tallies);
    const due = total(dates, 'units') - total(dates, 'skipped');
    const parts = [
      `${n(total(dates, 'rowsFound'))} of ${n(total(dates, 'rowsDue'))} rows`,
      `${n(counts['points'] ?? 0)} of ${n(counts['pointsDue'] ?? 0)} points`,
      `${n(total(dates, 'complete'))} of ${n(due)} dates`,
    ];
    return forecastStatement(database, run, ending, dates.length > 0 ? parts : []);
  },
  explain: explainDates,
  finish: async (_, __, counts) => {
    const { rows = 0, rowsDue = 0, points = 0, pointsDue = 0, skipped = 0 } = counts;
    return {
      figures: [
        `${n(rows)} of ${n(rowsDue)} rows`,
        `${n(points)} of ${n(pointsDue)} points`,
        ...(skipped > 0 ? [`${n(skipped)} dates skipped`] : []),
      ],
    };
  },
  page: pageOfForecasts,
  opening: {
    key: backfillKey,
    check: async (deps, { key, input, workflowRunId }, due) => {
      await refuseOverlap(deps, key, due.request);
      const { plan, redo, retrain } = input as BackfillInput;
      if (plan === undefined) return;
      // A run that goes on in a new history has changed the world itself.
      if ((await findRun(deps.database, key))?.workflowRunId === workflowRunId) return;
      await refuseStalePlan(deps, plan, {
        ...due,
        ...(redo && { redo }),
        ...(retrain && { retrain }),
      });
    },
    hasSink: true,
    layOut: async (world, run, { due, openDays }) => {
      await layOutWindows(world.database, run, due, openDays);
      await layOutDates(world, run, due, openDays);
    },
    afresh: false,
  },
};
