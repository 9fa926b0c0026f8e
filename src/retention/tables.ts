import type { Database } from '../database/pool.ts';
import { historyDays } from './policy.ts';
import type { RetentionPolicy } from './policy.ts';

/** What went, or would go, from one table or folder. */
export interface Pruned {
  what: string;
  rows: number;
  bytes: number;
  oldest: string | null;
  newest: string | null;
}

/** Rows of one table that a retention speaks of: `$1` is the moment before which they are old, `$2` a data set. */
interface Rule {
  keep: keyof RetentionPolicy;
  table: string;
  /** The day of row `t`. */
  day: string;
  condition: string;
  /** Asked for each data set in turn. */
  byDataset: boolean;
}

const open = `('running', 'paused')`;
const ended = `select run_id from runs where status not in ${open} and coalesce(finished_at, claimed_at) < $1`;

/** The day of a run that is open, or that ended too recently for its results to be old, whatever day it was for. */
const daysInUse = `select date from runs
  where dataset = $2 and date is not null and (status in ${open} or coalesce(finished_at, claimed_at) >= $1)`;

/** The day that the next allocation of each portfolio begins with. */
const chainEnds = `select max(date) as date from allocations where dataset = $2 group by portfolio`;

/** Results of a day: made when its run ended, so that a past that was run last week is not old. */
function resultsOfDays(keep: keyof RetentionPolicy, table: string): Rule {
  return {
    keep,
    table,
    day: 't.date',
    condition: `t.dataset = $2 and t.date < $1::date and t.date not in (${daysInUse})
      and t.date < coalesce((select min(date) from (${chainEnds}) as ends), 'infinity')`,
    byDataset: true,
  };
}

/** Answers of a day that no run holds; a day is made again from them, and without them no more. */
function answersOf(table: string): Rule {
  return {
    keep: 'responses',
    table,
    day: 't.day',
    condition: `t.day < $1::date and t.day not in (
      select date from runs where dataset like 'live%' and date is not null and status in ${open})`,
    byDataset: false,
  };
}

/** What days after it are computed from: old only when no run in use reaches back to it. */
function readByLaterDays(keep: keyof RetentionPolicy, table: string): Rule {
  return {
    keep,
    table,
    day: 't.date',
    condition: `t.dataset = $2 and t.date < least($1::date,
      (select min(date) - ${historyDays} from (${daysInUse} union all ${chainEnds}) as needed))`,
    byDataset: true,
  };
}

function ofEndedRuns(keep: keyof RetentionPolicy, table: string, day: string): Rule {
  return { keep, table, day, condition: `t.run_id in (${ended})`, byDataset: false };
}

/**
 * `daily_balances`, `allocations`, `allocation_positions`, `asset_allocations` and `portfolio_comparisons` are the books: no
 * rule speaks of them.
 * They hang on their run, so a run that has any of them stays, with its units and its settings.
 */
const rules: readonly Rule[] = [
  ofEndedRuns('checks', 'checks', 't.checked_at::date'),
  ofEndedRuns('batches', 'batches', 't.submitted_at::date'),
  {
    keep: 'runs',
    table: 'runs',
    day: 'coalesce(t.finished_at, t.claimed_at)::date',
    condition: `t.run_id in (${ended})
      and not exists (select from allocations a where a.run_id = t.run_id)
      and not exists (select from asset_allocations a where a.run_id = t.run_id)
      and not exists (select from forecast_evaluation_days e where e.run_id = t.run_id)
      and not exists (select from daily_balances b where b.dataset = t.dataset and b.date = t.date)`,
    byDataset: false,
  },
  {
    keep: 'alerts',
    table: 'alerts',
    day: 't.nominal_time::date',
    condition: 't.raised_at < $1',
    byDataset: false,
  },
  {
    keep: 'alerts',
    table: 'source_alerts',
    day: 't.since',
    condition: 't.raised_at < $1',
    byDataset: false,
  },
  answersOf('raw_responses'),
  answersOf('source_days'),
  resultsOfDays('forecastQuantiles', 'pool_forecast_quantiles'),
  resultsOfDays('forecasts', 'pool_forecasts'),
  resultsOfDays('forecasts', 'pool_forecast_models'),
  readByLaterDays('metrics', 'pool_daily_metrics'),
  readByLaterDays('metrics', 'icebox_tokens'),
  readByLaterDays('poolData', 'pool_history'),
  readByLaterDays('poolData', 'token_prices_daily'),
  readByLaterDays('poolData', 'gas_fees_daily'),
  readByLaterDays('poolData', 'macroeconomic_data'),
];

/** Rows that one transaction removes: some tenths of a second, so that nobody waits for it. */
const rowsAtOnce = 20_000;

/** Removes old rows, table by table, in transactions of their own: killed at any moment, it goes on when repeated. */
export async function pruneTables(
  database: Database,
  policy: RetentionPolicy,
  now: Date,
  dryRun: boolean,
): Promise<Pruned[]> {
  const datasets = await database.query<{ dataset: string }>('select dataset from datasets order by dataset');
  const results: Pruned[] = [];
  for (const rule of rules) {
    const keepDays = policy[rule.keep];
    if (keepDays === null) continue;
    const before = new Date(now.getTime() - keepDays * 86_400_000);
    const places = rule.byDataset ? datasets.rows.map(({ dataset }) => [before, dataset]) : [[before]];
    for (const values of places) {
      const seen = await count(database, rule, values);
      if (seen.rows === 0) continue;
      const rows = dryRun ? seen.rows : await remove(database, rule, values);
      const dataset = rule.byDataset ? ` of ${String(values[1])}` : '';
      results.push({ ...seen, what: `${rule.table}${dataset}`, rows });
    }
  }
  return results;
}

async function count(database: Database, rule: Rule, values: unknown[]): Promise<Omit<Pruned, 'what'>> {
  const { rows } = await database.query<Omit<Pruned, 'what'>>(
    `select count(*) as rows, coalesce(sum(pg_column_size(t)), 0)::bigint as bytes,
            min(${rule.day}) as oldest, max(${rule.day}) as newest
       from ${rule.table} t where ${rule.condition}`,
    values,
  );
  return rows[0]!;
}

async function remove(database: Database, rule: Rule, values: unknown[]): Promise<number> {
  for (let removed = 0; ;) {
    // The condition is looked at anew each time: a run that began meanwhile keeps what it needs.
    const { rowCount } = await database.query(
      `delete from ${rule.table} where ctid = any (array(
         select t.ctid from ${rule.table} t where ${rule.condition} limit ${rowsAtOnce}))`,
      values,
    );
    removed += rowCount ?? 0;
    if ((rowCount ?? 0) < rowsAtOnce) return removed;
  }
}

/** Drops tables that ended batches left in `staging` (they are named after their batch). */
export async function pruneStaging(database: Database, dryRun: boolean): Promise<Pruned[]> {
  const { rows } = await database.query<{ name: string; bytes: number }>(
    `select c.relname as name, pg_total_relation_size(c.oid) as bytes
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'staging' and c.relkind in ('r', 'p')
        and not exists (select from batches b
                         where starts_with(c.relname, b.batch_id)
                           and b.state not in ('SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT'))
        and not exists (select from pg_stat_activity a
                         where a.application_name ~ '-a[0-9]+$'
                           and starts_with(c.relname, regexp_replace(a.application_name, '-a[0-9]+$', '')))
      order by c.relname`,
  );
  for (const { name } of dryRun ? [] : rows) {
    await database.query(`drop table if exists staging."${name.replaceAll('"', '""')}"`);
  }
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  if (rows.length === 0) return [];
  return [
    { what: 'tables of ended batches in staging', rows: rows.length, bytes, oldest: null, newest: null },
  ];
}
