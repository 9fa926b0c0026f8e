/** A day by the ledger: its figures, its outcome, and the lines printed at its end. */
import type { Database } from '../../database/pool.ts';
import { portfolioOf } from '../../ledger/runs.ts';
import type { Run } from '../../ledger/runs.ts';
import { count } from '../../pages/format.ts';

export async function countsOfDay(database: Database, run: Run): Promise<Record<string, number>> {
  const counted = await database.query<Record<string, number>>(
    `select (select count(*) from pools where dataset = $1 and is_active) as pools,
            (select count(*) from pool_daily_metrics m join pools p using (dataset, pool_id)
              where m.dataset = $1 and m.date = $2 and p.is_active and not m.is_filtered_out) as "poolsPassed",
            (select count(*) from pool_forecasts where dataset = $1 and date = $2) as "poolsForecast",
            (select coalesce(max(pools_held), 0) from allocations where run_id = $3) as "poolsHeld",
            (select count(*) from asset_allocations where run_id = $3 and operation <> 'HOLD') as transactions,
            (select coalesce(rows_found, 0) from units where run_id = $3 and unit = 'metrics') as "metricsRows",
            (select count(*) from batches where run_id = $3) as batches`,
    [run.dataset, run.date, run.runId],
  );
  return counted.rows[0]!;
}

/** How a day ended for those who wait for its decision. */
export type Outcome = 'complete' | 'infeasible' | 'failed';

/** By the ledger: the day's decision counts as long as the run did not fail. */
export async function outcomeOfDay(database: Database, run: Run): Promise<Outcome> {
  if (run.status === 'failed') return 'failed';
  const decided = await database.query<{ status: string }>(
    'select status from allocations where dataset = $1 and portfolio = $2 and date = $3',
    [run.dataset, portfolioOf(run), run.date],
  );
  return ['infeasible', 'failed'].includes(decided.rows[0]?.status ?? '') ? 'infeasible' : 'complete';
}

export async function figuresOfDay(
  database: Database,
  run: Run,
  counts: Record<string, number>,
): Promise<string[]> {
  return [
    `${count(counts['poolsPassed'] ?? 0)} of ${count(counts['pools'] ?? 0)} pools passed`,
    `${count(counts['poolsForecast'] ?? 0)} forecast`,
    await allocationInWords(database, run),
  ];
}

async function allocationInWords(database: Database, run: Run): Promise<string> {
  const { rows } = await database.query<{
    status: string;
    held: number;
    value: number;
    boxed: number;
    tokens: string[];
  }>(
    `select a.status, a.pools_held as held, a.value_after_usd::double precision as value,
            coalesce(sum(p.amount * p.price_usd), 0)::double precision as boxed,
            coalesce(array_agg(distinct p.token_symbol) filter (where p.token_symbol is not null), '{}') as tokens
       from allocations a
       left join (allocation_positions p join icebox_tokens i using (dataset, date, token_symbol))
              on (p.dataset, p.portfolio, p.date) = (a.dataset, a.portfolio, a.date)
      where a.run_id = $1
      group by a.dataset, a.portfolio, a.date`,
    [run.runId],
  );
  const allocation = rows[0];
  if (allocation === undefined) return 'no allocation';
  const found = `allocation ${allocation.status}: $${count(Math.round(allocation.value))} in ${count(allocation.held)} pools`;
  // A tenth and more in tokens that lost their peg matters more than how the allocation was found.
  return allocation.boxed > 0.1 * allocation.value
    ? `$${count(Math.round(allocation.boxed))} in tokens that lost their peg (${allocation.tokens.join(', ')}) · ${found}`
    : found;
}

/** The page has all of them. */
const remarksShown = 5;

/** What looked odd in the source, and the rows that it no longer has. */
export async function remarksOnSource(database: Database, { runId }: Run): Promise<string[]> {
  const { rows } = await database.query<{ remarks: string[] | null }>(
    `select detail -> 'warnings' as remarks from units where run_id = $1 and unit = 'ingest'`,
    [runId],
  );
  const remarks = rows[0]?.remarks ?? [];
  const more = remarks.length - remarksShown;
  return [
    ...remarks.slice(0, remarksShown).map((remark) => `! ${remark}`),
    ...(more > 0 ? [`! and ${count(more)} more on the page`] : []),
  ];
}
