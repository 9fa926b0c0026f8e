import { backfillPriority } from '../../planning/priorities.ts';
import type { ForecastKind } from '../backfill/forecast-kind.ts';
import { parseAuditInput } from '../backfill/input.ts';
import type { AuditInput } from '../backfill/input.ts';
import { auditKey } from '../backfill/key.ts';
import { pageOfForecasts } from '../backfill/page.ts';
import { explainDates, forecastCounts, isSampleSeries } from '../backfill/record.ts';
import { datesOf, forecastStatement, n, total } from '../backfill/statement.ts';
import { forecastPhases } from '../backfill/verdicts.ts';
import { phasesByName } from '../phase.ts';
import { dayBefore, refusalOf } from '../start.ts';
import { layOutAudit } from './layout.ts';

const { audit: compare, report } = forecastPhases;

/** A share of the finished dates, made again and compared with what is stored, byte by byte. */
export const audit: ForecastKind = {
  name: 'auditForecasts',
  title: 'audit of forecasts',
  priority: backfillPriority,
  refusal: (input) => refusalOf(parseAuditInput(input)),
  takesDataset: false,
  scheduledKey: (input, nominalTime) => auditKey(input as unknown as AuditInput, dayBefore(nominalTime)),
  isSample: isSampleSeries,
  phase: phasesByName({ audit: compare, report }),
  onlyReads: true,
  mustMakeUnits: true,
  counts: forecastCounts,
  statement: (database, run, ending) => {
    const dates = datesOf(ending.tallies);
    return forecastStatement(database, run, ending, [
      dates.length === 0
        ? 'no date of the range is whole, so that none could be looked at: run the backfill first'
        : `${n(total(dates, 'complete'))} of ${n(total(dates, 'units'))} dates have the bytes they should have`,
    ]);
  },
  explain: explainDates,
  finish: async (_, __, { complete = 0, dates = 0 }) => ({
    figures: [`${n(complete)} of ${n(dates)} dates have the bytes they should have`],
  }),
  page: pageOfForecasts,
  opening: {
    key: (input, yesterday) => auditKey(input as AuditInput, yesterday),
    hasSink: true,
    layOut: (world, run, { due }, input) => layOutAudit(world, run, due, (input as AuditInput).sample),
    afresh: true,
  },
};
