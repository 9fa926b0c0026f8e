/**
 * A database in which every part of the daily page has something to show: ten days of a portfolio with forecasts and
 * outcomes, then the run date with withdrawals, a conversion and deposits. Written row by row, so that the page is
 * tested without running the phases.
 */
import type { Database } from '../../../../src/database/pool.ts';
import { addDays } from '../../../../src/planning/days.ts';
import { fillForecasts } from './rich-forecasts.ts';
import { fillPools, firstDate, richDate } from './rich-pools.ts';
import { fillPortfolioDay } from './rich-portfolio.ts';
import type { WantedDecision } from './rich-portfolio.ts';
import { fillRun, openRun } from './rich-runs.ts';

export interface RichDay extends WantedDecision {
  dataset?: string;
  /** Further pools that pass, without history of their own. */
  morePools?: number;
}

/** Fills the database and returns the run of the run date. */
export async function fillRichDay(database: Database, wanted: RichDay = {}): Promise<{ runId: string }> {
  const dataset = wanted.dataset ?? 'files/real';
  const days = Array.from({ length: 11 }, (_, i) => addDays(firstDate, i));
  await database.query(
    `insert into datasets (dataset, source, path) values ($1, 'files', '/data/real') on conflict do nothing`,
    [dataset],
  );
  await fillPools(database, dataset, wanted.morePools ?? 0);
  await fillForecasts(database, dataset, days);
  let runId = '';
  for (const [i, day] of days.entries()) {
    runId = await openRun(database, dataset, day);
    const last = day === richDate;
    await fillPortfolioDay(database, dataset, runId, day, i, last ? wanted : {});
  }
  await fillRun(database, dataset, runId);
  // As the jobs do: without it the planner joins thousands of pools as if they were a few.
  await database.query('analyze');
  return { runId };
}
