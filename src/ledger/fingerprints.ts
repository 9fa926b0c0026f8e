import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { digestOfTables } from '../data-files.ts';
import type { Database } from '../database/pool.ts';
import type { PoolSettings } from '../pools/settings.ts';
import { stretchOf } from '../planning/phases.ts';
import type { PoolUnit } from '../planning/phases.ts';
import { resultVersion } from './result-versions.ts';
import { portfolioOf } from './runs.ts';
import type { Run } from './runs.ts';

/** Raised when the figures of a rule written in TypeScript change; those of the jobs stand beside the jobs. */
const ruleVersions = {
  prepare: 2,
  prefilter: 3,
  grouping: 2,
  icebox: 1,
  filter: 2,
  portfolio: 2,
  allocate: 2,
  report: 3,
};

/** What a phase would read now. */
export interface FingerprintContext {
  run: Run;
  settings: PoolSettings;
  /** The folder of a `files` data set, absolute. */
  path: string | undefined;
  parity: boolean;
}

/**
 * A phase is reused only when its fingerprint is today's. It covers what the phase reads and the version of the rule,
 * not the code's commit and nothing that came after the run date. Rows carry the number of the change that last altered
 * them, so "what it reads" is the newest number and a count, without a look at the values.
 */
export async function fingerprint(
  database: Database,
  unit: PoolUnit,
  context: FingerprintContext,
): Promise<string> {
  const { run, settings, parity } = context;
  if (stretchOf(unit)) {
    return digest([
      resultVersion('pool_evaluate'),
      resultVersion('pool_forecast'),
      run.date,
      await row(database, `select ${forecastReads}, ${poolsDue}`, run),
    ]);
  }
  switch (unit) {
    case 'prepare':
      return digest([ruleVersions.prepare, settings]);
    case 'ingest':
      return digest([resultVersion('pool_ingest'), run.date, await sourceDigest(context)]);
    case 'prefilter':
      return digest([
        ruleVersions.prefilter,
        settings,
        run.date,
        await row(database, `select ${poolIdentities}, ${newestChange('pool_history')}`, run),
      ]);
    case 'metrics':
      return digest([
        resultVersion('pool_metrics'),
        ruleVersions.grouping,
        ruleVersions.icebox,
        settings,
        parity,
        await row(
          database,
          `select ${poolIdentities}, ${newestChange('pool_history')}, ${newestChange('token_prices_daily')},
                  ${newestChange('gas_fees_daily')},
                  (select count(*) from pool_history where dataset = $1 and date <= $2)`,
          run,
        ),
      ]);
    case 'forecast':
      return digest([
        resultVersion('pool_forecast'),
        run.date,
        await row(database, `select ${forecastReads}, ${poolsDue}`, run),
      ]);
    case 'filter':
      return digest([
        ruleVersions.filter,
        ruleVersions.portfolio,
        settings,
        portfolioOf(run),
        run.date,
        await row(
          database,
          `select ${forecastsOfTheDay}, ${poolsDue}, ${poolIdentities}, ${previousPositions},
                  ${newestChange('pool_history', '<')}, ${newestChange('token_prices_daily', '<')},
                  (select greatest(max(change_seq), (select max(change_seq) from removed_rows
                                                      where dataset = $1 and source = 'portfolio_transactions'))
                     from portfolio_transactions where dataset = $1),
                  (select md5(string_agg(token_symbol, ' ' order by token_symbol))
                     from icebox_tokens where dataset = $1 and date = $2)`,
          run,
          [portfolioOf(run)],
        ),
      ]);
    case 'allocate':
      return digest([
        ruleVersions.allocate,
        settings,
        portfolioOf(run),
        run.date,
        await row(
          database,
          `select ${forecastsOfTheDay}, ${poolIdentities}, ${newestChange('token_prices_daily', '<')},
                  ${newestChange('gas_fees_daily', '<')}, ${newestChange('pool_history', '<')}, ${previousPositions},
                  (select md5(string_agg(token_symbol, ' ' order by token_symbol))
                     from icebox_tokens where dataset = $1 and date = $2),
                  -- a held pool without a forecast of the day may still be judged by one of the last three days
                  (select md5(string_agg(md5((date, pool_id, forecasted_apy, forecasted_tvl)::text), ''
                                         order by date, pool_id))
                     from pool_forecasts where dataset = $1 and date between $2::date - 3 and $2::date - 1),
                  (select md5(string_agg(md5((pool_id, filter_reason, pool_group)::text), '' order by pool_id))
                     from pool_daily_metrics where dataset = $1 and date = $2),
                  (select md5(string_agg(md5((token_symbol, pool_id, carried, accrued, flow, price_usd)::text), ''
                                         order by token_symbol, pool_id))
                     from daily_balances where dataset = $1 and portfolio = $3 and date = $2),
                  (select forecasted_avg_gas_gwei from gas_fees_daily where dataset = $1 and date = $2)`,
          run,
          [portfolioOf(run)],
        ),
      ]);
    case 'report': {
      const phases = await database.query<{ row: string }>(
        `select unit || ' ' || coalesce(committed_fingerprint, '') || ' ' || coalesce(committed_attempt::text, '') as row
           from units where run_id = $1 and unit <> 'report' order by unit`,
        [run.runId],
      );
      return digest([ruleVersions.report, phases.rows.map((phase) => phase.row)]);
    }
  }
  throw new Error(`No fingerprint is defined for ${unit}.`);
}

function digest(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

// What the rules read of a pool. Its newest TVL and APY are left out: they change every day, and a day that is looked at
// again later takes them from the history.
const poolIdentities = `(
  select md5(string_agg(md5((pool_id, chain, protocol, symbol, underlying_tokens, underlying_token_addresses, poolmeta,
                             is_active)::text), '' order by pool_id))
    from pools where dataset = $1 and $2::date is not null)`;

type Series = 'pool_history' | 'token_prices_daily' | 'gas_fees_daily';

/** `<` for what is reckoned from complete days alone. A row that the source took back is a change of its day too. */
function newestChange(table: Series, until: '<=' | '<' = '<='): string {
  return `(select greatest(max(change_seq), (select max(change_seq) from removed_rows
                                              where dataset = $1 and source = '${table}' and date ${until} $2))
             from ${table} where dataset = $1 and date ${until} $2)`;
}

// What a forecast reads: everything before the run date but macro, which it does not use.
const forecastReads = `
  ${newestChange('pool_history', '<')}, ${newestChange('token_prices_daily', '<')},
  ${newestChange('gas_fees_daily', '<')},
  (select count(*) from pool_history where dataset = $1 and date < $2)`;

// The pools that the pre-filter let pass.
const poolsDue = `(
  select md5(string_agg(pool_id, ' ' order by pool_id))
    from pool_daily_metrics where dataset = $1 and date = $2 and prefilter_reason is null)`;

const forecastsOfTheDay = `(
  select md5(string_agg(md5((pool_id, forecasted_apy, forecasted_tvl)::text), '' order by pool_id))
    from pool_forecasts where dataset = $1 and date = $2)`;

// What the day begins with ($3 is the portfolio).
const previousPositions = `(
  select md5(string_agg(md5((date, pool_id, token_symbol, amount)::text), '' order by pool_id, token_symbol))
    from allocation_positions
   where dataset = $1 and portfolio = $3
     and date = (select max(date) from allocations where dataset = $1 and portfolio = $3 and date < $2))`;

async function row(database: Database, query: string, run: Run, more: unknown[] = []): Promise<unknown> {
  const values = [run.dataset, run.date, ...more];
  return (await database.query({ text: query, values, rowMode: 'array' })).rows[0];
}

/** The bytes of a folder's data files, or the settings of the generated panel. */
async function sourceDigest({ path }: FingerprintContext): Promise<string> {
  if (path !== undefined) return digestOfTables(path);
  const settings = new URL('../../spark/sevenfold_jobs/pool_ingest/sample.json', import.meta.url);
  return createHash('sha256').update(readFileSync(settings)).digest('hex');
}
