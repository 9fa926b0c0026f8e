import type { Database } from '../../../database/pool.ts';
import { readBatchRecords, readFallbacks } from '../../../ledger/batch-record.ts';
import type { BatchRecord, FallenBack } from '../../../ledger/batch-record.ts';
import type { Batch } from '../../../ledger/batches.ts';
import { readChecks } from '../../../ledger/checks.ts';
import type { Check } from '../../../ledger/checks.ts';
import { portfolioOf, readRun } from '../../../ledger/runs.ts';
import type { Run } from '../../../ledger/runs.ts';
import { readUnits } from '../../../ledger/units.ts';
import type { Unit } from '../../../ledger/units.ts';
import { queriesBeside } from '../../../pages/sql.ts';
import type { Day } from '../../../planning/days.ts';
import type { PoolGroup } from '../../../pools/grouping.ts';
import type { IceboxedToken } from '../../../pools/icebox.ts';
import { readApproval } from '../proposal.ts';
import type { Approval } from '../proposal.ts';
import { loadForecastReport } from './data/forecast.ts';
import type { ForecastReport } from './data/forecast.ts';
import { loadOnChain } from './data/onchain.ts';
import type { OnChainReport } from './data/onchain.ts';
import { loadPortfolio } from './data/portfolio.ts';
import type { Portfolio } from './data/portfolio.ts';

const readSql = queriesBeside(import.meta.url);

/** Everything the page of a daily run shows, as the ledger and the tables have it. */
export interface DailyReport {
  run: Run;
  portfolio: Portfolio;
  forecast: ForecastReport;
  phases: Unit[];
  checks: (Check & { unit: string })[];
  batches: ReportedBatch[];
  /** Which engines were asked for in vain. */
  fallbacks: FallenBack[];
  /** The last complete day before the run date: the figures of the pools are those of this day. */
  figuresOf: Day | null;
  /** Active pools, largest TVL first. */
  pools: ReportedPool[];
  icebox: IceboxedToken[];
  stalePrices: { symbol: string; newest: Day }[];
  unpricedTokens: string[];
  sources: SourceNews[];
  /** How each provider of live data ended; empty for other data sets. */
  providers: ProviderNews[];
  /** What the chain said; null for a portfolio that is kept in our own books alone. */
  onchain: OnChainReport | null;
  /** What became of the proposal; null where nobody is asked. */
  approval: Approval | null;
  /** Remarks of the source that were no reason to refuse it. */
  remarks: string[];
  /** This run first, then the newest others of its data set. */
  counts: RunCounts[];
  settings: ReportedSettings | null;
}

export type ReportedBatch = Batch & Pick<BatchRecord, 'costEstimate' | 'costActual' | 'eventLog'>;

export interface ReportedPool {
  poolId: string;
  symbol: string | null;
  protocol: string | null;
  chain: string | null;
  passed: boolean;
  /** Why not; null for a pool that passed, and for one that no phase has judged. */
  reason: string | null;
  /** Rejected before the forecast, by protocol, chain or tokens; else by what the forecast or the icebox says. */
  byPrefilter: boolean;
  group: PoolGroup | null;
  /** US dollars. */
  tvl: number | null;
  /** Percent points a year, like the means and the deviation. */
  apy: number | null;
  apy7d: number | null;
  apy30d: number | null;
  stddev30d: number | null;
  staleDays: number | null;
  /** For the run date. */
  forecastApy: number | null;
  forecastTvl: number | null;
}

export interface SourceNews {
  name: string;
  kind: 'history' | 'gas' | 'price' | 'macro';
  newest: Day | null;
}

export interface ProviderNews {
  source: string;
  state: 'fresh' | 'aged' | 'failed';
  required: boolean;
  keysDue: number;
  keysStored: number;
  lastGood: Day | null;
  /** Since when it is not fresh, by run dates; null where it is. */
  downSince: Day | null;
  message: string | null;
}

export interface RunCounts {
  runId: string;
  date: Day | null;
  status: string;
  ingestRows: number | null;
  pools: number | null;
  passed: number | null;
  metricsRows: number | null;
  forecastRows: number | null;
  positions: number | null;
  seconds: number | null;
}

export interface ReportedSettings {
  parameters: Record<string, number | boolean>;
  approvedTokens: number;
  blacklistedTokens: number;
  approvedProtocols: number;
}

const sql = { pools: readSql('pools'), counts: readSql('counts'), providers: readSql('providers') };

/** Runs that this one is held against. */
const comparedRuns = 10;

/** Fans that are drawn; the other pools held have their quantiles in the table. */
export const maxFans = 12;

/** Reads a daily run by its id; only reads. */
export async function loadDailyReport(database: Database, runId: string): Promise<DailyReport> {
  const run = await readRun(database, runId);
  const { dataset, date } = run;
  const portfolio = await loadPortfolio(database, run, portfolioOf(run));
  const held = portfolio.positions.filter(({ afterUsd }) => afterUsd > 0);
  const [
    forecast,
    phases,
    checks,
    batches,
    fallbacks,
    figuresOf,
    pools,
    icebox,
    macroSeries,
    counts,
    settings,
  ] = await Promise.all([
    loadForecastReport(
      database,
      run,
      held.slice(0, maxFans).map(({ poolId }) => poolId),
    ),
    readUnits(database, runId),
    readChecks(database, runId),
    readBatchRecords(database, runId),
    readFallbacks(database, runId),
    database.query<{ day: Day | null }>(
      `select max(date) as day from pool_daily_metrics
        where dataset = $1 and date < $2 and metrics_version is not null`,
      [dataset, date],
    ),
    database.query<ReportedPool>(sql.pools, [dataset, date]),
    database.query<IceboxedToken>(
      `select token_symbol as symbol, since, reason from icebox_tokens
        where dataset = $1 and date = $2 order by token_symbol`,
      [dataset, date],
    ),
    database.query<{ seriesId: string }>(
      'select distinct series_id as "seriesId" from macroeconomic_data where dataset = $1',
      [dataset],
    ),
    database.query<RunCounts>(sql.counts, [dataset, runId, comparedRuns]),
    database.query<ReportedSettings>(
      `select parameters, jsonb_array_length(approved_tokens_snapshot) as "approvedTokens",
              jsonb_array_length(blacklisted_tokens_snapshot) as "blacklistedTokens",
              jsonb_array_length(approved_protocols_snapshot) as "approvedProtocols"
         from allocation_parameters where run_id = $1`,
      [runId],
    ),
  ]);
  const detailOf = (unit: string): Record<string, unknown> =>
    phases.find((each) => each.unit === unit)?.detail ?? {};
  return {
    run,
    portfolio,
    approval: (await readApproval(database, runId)) ?? null,
    onchain: await loadOnChain(database, run, phases),
    providers: await loadProviders(database, run),
    forecast,
    phases,
    checks,
    batches,
    fallbacks,
    figuresOf: figuresOf.rows[0]?.day ?? null,
    pools: pools.rows,
    icebox: icebox.rows,
    stalePrices: (detailOf('metrics')['stalePrices'] ?? []) as DailyReport['stalePrices'],
    unpricedTokens: (detailOf('metrics')['unpricedTokens'] ?? []) as string[],
    sources: sourceNews(detailOf('ingest')['newest'], new Set(macroSeries.rows.map((row) => row.seriesId))),
    remarks: batches.flatMap((batch) => (batch.result?.['warnings'] ?? []) as string[]),
    counts: counts.rows,
    settings: settings.rows[0] ?? null,
  };
}

async function loadProviders(database: Database, { dataset, date }: Run): Promise<ProviderNews[]> {
  if (dataset !== 'live' || date === null) return [];
  return (await database.query<ProviderNews>(sql.providers, [date])).rows;
}

const kindOrder = ['history', 'gas', 'price', 'macro'] as const;

/** The newest day of each source, as the ingest job noted it: tables by their name, prices and series by their own. */
function sourceNews(newest: unknown, macroSeries: ReadonlySet<string>): SourceNews[] {
  const kindOf = (name: string): SourceNews['kind'] =>
    name === 'pool_history'
      ? 'history'
      : name === 'gas_fees_daily'
        ? 'gas'
        : macroSeries.has(name)
          ? 'macro'
          : 'price';
  return Object.entries((newest ?? {}) as Record<string, Day | null>)
    .map(([name, day]) => ({ name, kind: kindOf(name), newest: day }))
    .sort((a, b) => kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}
