import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { digestOfTables } from '../../data-files.ts';
import type { Database } from '../../database/pool.ts';
import { resultVersion } from '../../ledger/result-versions.ts';
import { portfolioOf } from '../../ledger/runs.ts';
import type { Run } from '../../ledger/runs.ts';
import { loadPoolSettings } from '../../pools/settings.ts';
import { digest } from '../digest.ts';
import type { Phase, World } from '../kind.ts';
import type { DailyPhase } from './phases.ts';
import { proposalOf } from './proposal.ts';
import { settingsOfRun } from './settings-snapshot.ts';

/** Raised when the figures of a rule written in TypeScript change; those of the jobs are in result_versions.json. */
const ruleVersions = {
  prepare: 2,
  fetch: 1,
  prefilter: 3,
  grouping: 2,
  icebox: 1,
  filter: 2,
  portfolio: 2,
  allocate: 2,
  approval: 1,
  report: 3,
};

type Reads = Phase['reads'];

/**
 * What each phase would read now. It covers what the phase reads and the version of the rule, not the code's commit and
 * nothing that came after the run date. Rows carry the number of the change that last altered them, so "what it reads" is
 * the newest number and a count, without a look at the values.
 */
export const reads: Record<DailyPhase, Reads> = {
  async prepare({ config }) {
    // It alone looks at the files: it is what takes them for the run.
    return digest([ruleVersions.prepare, loadPoolSettings(config.checkout)]);
  },
  async fetch(world, run) {
    // Which pools and tokens are wanted hangs on the lists. What providers say today is no part of it: a day that is whole
    // is not asked for again.
    const { wallets } = world.config.sources;
    const onChain = portfolioOf(run) === 'onchain' ? [wallets] : [];
    return digest([ruleVersions.fetch, run.date, await settingsOfRun(world, run.runId), ...onChain]);
  },
  async ingest({ database }, run) {
    return digest([resultVersion('pool_ingest'), run.date, await sourceDigest(database, run)]);
  },
  async prefilter(world, run) {
    const { database } = world;
    const settings = await settingsOfRun(world, run.runId);
    return digest([
      ruleVersions.prefilter,
      settings,
      run.date,
      await row(database, `select ${poolIdentities}, ${newestChange('pool_history')}`, run),
    ]);
  },
  async metrics(world, run) {
    const { database } = world;
    const settings = await settingsOfRun(world, run.runId);
    return digest([
      resultVersion('pool_metrics'),
      ruleVersions.grouping,
      ruleVersions.icebox,
      settings,
      run.input['parity'] === true,
      await row(
        database,
        `select ${poolIdentities}, ${newestChange('pool_history')}, ${newestChange('token_prices_daily')},
                ${newestChange('gas_fees_daily')},
                (select count(*) from pool_history where dataset = $1 and date <= $2)`,
        run,
      ),
    ]);
  },
  async forecast({ database }, run) {
    return digest([
      resultVersion('pool_forecast'),
      run.date,
      await row(database, `select ${forecastReads}, ${poolsDue}`, run),
    ]);
  },
  async filter(world, run) {
    const { database } = world;
    const settings = await settingsOfRun(world, run.runId);
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
      ...(portfolioOf(run) === 'onchain' ? [await chainReads(world, run)] : []),
    ]);
  },
  async allocate(world, run) {
    const { database } = world;
    const settings = await settingsOfRun(world, run.runId);
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
  },
  async approval({ database }, run) {
    const { rows } = await database.query<{ proposal: string }>(`select ${proposalOf} as proposal`, [
      run.runId,
    ]);
    return digest([ruleVersions.approval, rows[0]!.proposal]);
  },
  async report({ database }, run) {
    const phases = await database.query<{ row: string }>(
      `select unit || ' ' || coalesce(committed_fingerprint, '') || ' ' || coalesce(committed_attempt::text, '') as row
         from units where run_id = $1 and unit <> 'report' order by unit`,
      [run.runId],
    );
    return digest([ruleVersions.report, phases.rows.map((phase) => phase.row)]);
  },
};

/** What the walk over a stretch of days reads: what the forecasts of each of them would. */
export async function readsOfStretch({ database }: World, run: Run): Promise<string> {
  return digest([
    resultVersion('pool_evaluate'),
    resultVersion('pool_forecast'),
    run.date,
    await row(database, `select ${forecastReads}, ${poolsDue}`, run),
  ]);
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

/** What an on-chain portfolio opens with: answers of the chain, and what our books held before. */
async function chainReads({ database, config }: World, run: Run): Promise<unknown> {
  const read = await row(
    database,
    `select (select md5(string_agg(md5((source, key, sha256)::text), '' order by source, key)) from raw_responses
              where day = $2 and accepted
                and source in ('llama-pools', 'llama-addresses', 'chain-calls', 'chain-logs', 'etherscan', 'ethplorer')),
            (select md5(string_agg(md5((date, token_symbol, pool_id, unallocated_balance, allocated_balance)::text), ''
                                   order by token_symbol, pool_id))
               from daily_balances b where dataset = $1 and portfolio = 'onchain'
                and date = (select max(date) from daily_balances
                             where dataset = $1 and portfolio = 'onchain' and date < $2))`,
    run,
  );
  return [config.sources.wallets, read];
}

async function row(database: Database, query: string, run: Run, more: unknown[] = []): Promise<unknown> {
  const values = [run.dataset, run.date, ...more];
  return (await database.query({ text: query, values, rowMode: 'array' })).rows[0];
}

/** The bytes of a folder's data files, of the answers of the days that may be read, or the settings of the generated panel. */
async function sourceDigest(database: Database, run: Run): Promise<string> {
  const { path, dataset } = run.input;
  if (dataset === 'live') {
    return JSON.stringify(
      await row(
        database,
        `select md5(string_agg(md5((source, key, day, sha256)::text), '' order by source, key, day))
           from raw_responses where accepted and day between $2::date - 3 and $2::date and $1::text is not null`,
        run,
      ),
    );
  }
  if (typeof path === 'string') return digestOfTables(path);
  const settings = new URL('../../../spark/sevenfold_jobs/pool_ingest/sample.json', import.meta.url);
  return createHash('sha256').update(readFileSync(settings)).digest('hex');
}
