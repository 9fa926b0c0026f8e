/**
 * The paper portfolio over many days without the phases: a rule of the money is tried in seconds, because everything it
 * decides on is read once. It goes through the product's own functions: filters, groups, icebox, prices, books, solver.
 * A day whose forecast was made uses it; any other is forecast as the day before it (persistence).
 */
import type { Database } from '../src/database/pool.ts';
import { addDays, daysBetween } from '../src/planning/days.ts';
import type { Day } from '../src/planning/days.ts';
import type { Allocation } from '../src/pools/allocation/allocate.ts';
import { assembleProblem, forecastBelievedDays } from '../src/pools/allocation/assemble.ts';
import type { Candidate } from '../src/pools/allocation/assemble.ts';
import { gasCosts, unknownBaseFeeGwei, unknownEthUsd } from '../src/pools/allocation/gas.ts';
import type { AllocationProblem } from '../src/pools/allocation/problem.ts';
import { finalFilterPool } from '../src/pools/final-filter.ts';
import { groupOver } from '../src/pools/grouping.ts';
import type { GroupingFigures } from '../src/pools/grouping.ts';
import { iceboxOn } from '../src/pools/icebox.ts';
import type { Candle } from '../src/pools/icebox.ts';
import { dollarsOf, valueOf } from '../src/pools/portfolio/amounts.ts';
import { openFirst, openNext, total } from '../src/pools/portfolio/opening.ts';
import type { Holding } from '../src/pools/portfolio/opening.ts';
import { pricesOn } from '../src/pools/portfolio/prices.ts';
import { approvedTokensOf, prefilterPools } from '../src/pools/prefilter.ts';
import type { PoolToJudge } from '../src/pools/prefilter.ts';
import type { PoolSettings } from '../src/pools/settings.ts';

interface DayOfPool extends GroupingFigures {
  apy: number | null;
  tvl: number | null;
  mean7: number | null;
  mean30: number | null;
}

/** What is known of a data set, by pool and day. */
export interface Facts {
  pools: PoolToJudge[];
  days: Map<string, Map<Day, DayOfPool>>;
  forecasts: Map<string, { apy: number; tvl: number }>;
  candles: Candle[];
  gas: Map<Day, number>;
}

export async function readFacts(database: Database, dataset: string): Promise<Facts> {
  const pools = await database.query<PoolToJudge>(
    `select pool_id as "poolId", protocol, chain, symbol, poolmeta as "poolMeta", null::float8 as tvl,
            underlying_tokens as "underlyingTokens", underlying_token_addresses as "underlyingTokenAddresses"
       from pools where dataset = $1 order by pool_id`,
    [dataset],
  );
  const metrics = await database.query<DayOfPool & { poolId: string; date: Day }>(
    `select pool_id as "poolId", date, actual_apy as apy, actual_tvl as tvl, rolling_apy_7d as mean7,
            rolling_apy_30d as mean30, apy_delta_today_yesterday as "apyDelta", stddev_apy_7d as "stddev7d",
            stddev_apy_30d as "stddev30d", stddev_apy_7d_delta as "stddev7dDelta", stddev_apy_30d_delta as "stddev30dDelta"
       from pool_daily_metrics where dataset = $1 and metrics_version is not null`,
    [dataset],
  );
  const forecasts = await database.query<{ key: string; apy: number; tvl: number }>(
    `select pool_id || ' ' || date as key, forecasted_apy as apy, forecasted_tvl as tvl
       from pool_forecasts where dataset = $1`,
    [dataset],
  );
  const candles = await database.query<Candle>(
    'select symbol, date, low, close from token_prices_daily where dataset = $1',
    [dataset],
  );
  const gas = await database.query<{ date: Day; gwei: number }>(
    `select date, actual_avg_gas_gwei as gwei from gas_fees_daily where dataset = $1 and actual_avg_gas_gwei is not null`,
    [dataset],
  );
  const days: Facts['days'] = new Map();
  for (const { poolId, date, ...rest } of metrics.rows) {
    const known = days.get(poolId) ?? new Map<Day, DayOfPool>();
    days.set(poolId, known.set(date, rest));
  }
  return {
    pools: pools.rows,
    days,
    forecasts: new Map(forecasts.rows.map(({ key, apy, tvl }) => [key, { apy, tvl }])),
    candles: candles.rows,
    gas: new Map(gas.rows.map(({ date, gwei }) => [date, gwei])),
  };
}

/** Everything that a day of `Facts` decides on. */
export interface WalkedDay {
  date: Day;
  problem: AllocationProblem;
  untouched: Holding[];
  /** Observed on the day before, percent points a year. */
  lastApy: ReadonlyMap<string, number>;
  groups: ReadonlyMap<string, number>;
}

/** How a day is decided: `days` counts from 0. */
export type Strategy = (day: WalkedDay, days: number) => Promise<Allocation | undefined>;

export interface Walked {
  /** Dollars at the end, with the last day's yield. */
  endUsd: number;
  /** Simple, percent points a year, net of costs. */
  netApy: number;
  costUsd: number;
  withdrawnUsd: number;
  withdrawals: number;
  smallWithdrawals: number;
  /** Share of the assets in no pool, on average over the days. */
  idleShare: number;
  /** Days whose trades promised less over the horizon, by the forecasts, than they cost. */
  unpaidDays: Day[];
  groupChanges: number;
  poolDays: number;
  moves: { date: Day; poolId: string; usd: number; held: number; apy: number; tvl: number }[];
}

/** Walks a portfolio from `from` to `to` (the last day decided), beginning with a million USDC. */
export async function walk(
  facts: Facts,
  settings: PoolSettings,
  { from, to }: { from: Day; to: Day },
  strategy: Strategy,
): Promise<Walked> {
  const { parameters } = settings;
  const series = indexed(facts);
  let holdings: Holding[] = openFirst([]).balances.map((b) => ({
    poolId: b.poolId,
    token: b.token,
    amount: total(b),
  }));
  const result: Walked = {
    endUsd: 0,
    netApy: 0,
    costUsd: 0,
    withdrawnUsd: 0,
    withdrawals: 0,
    smallWithdrawals: 0,
    idleShare: 0,
    unpaidDays: [],
    groupChanges: 0,
    poolDays: 0,
    moves: [],
  };
  let startUsd = 0;
  let last = new Map<string, number>();
  let days = 0;
  for (let date = from; date <= to; date = addDays(date, 1), days += 1) {
    const day = walkedDay(facts, series, settings, date, holdings);
    if (days === 0) startUsd = worth(holdings, day.prices);
    for (const [poolId, group] of day.groups) {
      if (!last.has(poolId)) continue;
      result.poolDays += 1;
      if (last.get(poolId) !== group) result.groupChanges += 1;
    }
    last = new Map(day.groups);
    const decided = await strategy(day, days);
    if (decided !== undefined) {
      const { plan } = decided;
      const before = new Map(holdings.map((h) => [`${h.poolId} ${h.token}`, h]));
      let promised = 0;
      const apys = new Map(day.problem.pools.map((pool) => [pool.poolId, pool]));
      const rate = (poolId: string) =>
        (apys.get(poolId)!.apy / 36_500) * parameters.optimization_horizon_days;
      for (const { operation, poolId, value, amount, fromAsset } of plan.steps) {
        const usd = dollarsOf(value);
        if (operation === 'ALLOCATION') promised += usd * rate(poolId!);
        if (operation !== 'WITHDRAWAL') continue;
        promised -= usd * rate(poolId!);
        result.withdrawnUsd += usd;
        result.withdrawals += 1;
        if (usd < 1_000) result.smallWithdrawals += 1;
        const held = dollarsOf(
          valueOf(before.get(`${poolId} ${fromAsset}`)?.amount ?? amount, day.prices.get(fromAsset)!.price),
        );
        const pool = apys.get(poolId!)!;
        result.moves.push({ date, poolId: poolId!, usd, held, apy: pool.apy, tvl: pool.tvl });
      }
      const costs = dollarsOf(plan.gas + plan.conversionFees);
      result.costUsd += costs;
      if (costs > 0 && promised < costs) result.unpaidDays.push(date);
      holdings = [
        ...plan.positions.map(({ poolId, token, amount }) => ({ poolId, token, amount })),
        ...day.untouched,
      ];
    }
    const all = worth(holdings, day.prices);
    result.idleShare +=
      worth(
        holdings.filter(({ poolId }) => poolId === null),
        day.prices,
      ) / all;
    const opening = openNext({ previous: date, date: addDays(date, 1) }, holdings, [], (poolId, on) =>
      series.apy(poolId, on),
    );
    holdings = opening.balances
      .map((b) => ({ poolId: b.poolId, token: b.token, amount: total(b) }))
      .filter((h) => h.amount > 0n);
    if (date === to) result.endUsd = worth(holdings, day.prices);
  }
  result.idleShare /= days;
  result.netApy = ((result.endUsd / startUsd - 1) / days) * 36_500;
  return result;
}

function worth(holdings: readonly Holding[], prices: ReadonlyMap<string, { price: bigint }>): number {
  return holdings.reduce(
    (sum, { token, amount }) => sum + dollarsOf(valueOf(amount, prices.get(token)!.price)),
    0,
  );
}

function indexed(facts: Facts) {
  return {
    apy: (poolId: string, day: Day) => facts.days.get(poolId)?.get(day)?.apy ?? undefined,
    /** The newest before the day. */
    tvl(poolId: string, day: Day): number | null {
      for (let back = 1; back <= 40; back += 1) {
        const known = facts.days.get(poolId)?.get(addDays(day, -back))?.tvl;
        if (known != null) return known;
      }
      return null;
    },
    usual(poolId: string, day: Day): number | null {
      const past: number[] = [];
      for (let back = 2; back <= 31; back += 1) {
        const known = facts.days.get(poolId)?.get(addDays(day, -back))?.apy;
        if (known != null) past.push(known);
      }
      past.sort((a, b) => a - b);
      return past.length < 7 ? null : past[past.length >> 1]!;
    },
  };
}

const cachedIcebox = new Map<Day, Set<string>>();

function walkedDay(
  facts: Facts,
  series: ReturnType<typeof indexed>,
  settings: PoolSettings,
  date: Day,
  holdings: readonly Holding[],
) {
  const { parameters, approvedTokens } = settings;
  const yesterday = addDays(date, -1);
  const inIcebox =
    cachedIcebox.get(date) ??
    new Set(iceboxOn(date, facts.candles, approvedTokens, parameters).tokens.map(({ symbol }) => symbol));
  cachedIcebox.set(date, inIcebox);
  const known = facts.pools.map((pool) => ({ ...pool, tvl: series.tvl(pool.poolId, date) }));
  const passed = new Map(prefilterPools(known, settings, date).map((each) => [each.poolId, each.passed]));
  const held = new Set(holdings.flatMap(({ poolId }) => poolId ?? []));
  const groups = new Map<string, number>();
  const lastApy = new Map<string, number>();
  const candidates: Candidate[] = [];
  for (const pool of known) {
    const { poolId } = pool;
    if (!passed.get(poolId) && !held.has(poolId)) continue;
    const apy = series.apy(poolId, yesterday);
    if (apy !== undefined) lastApy.set(poolId, apy);
    const forecastOn = (day: Day) => {
      const made = facts.forecasts.get(`${poolId} ${day}`);
      if (made) return made;
      const [last, tvl] = [series.apy(poolId, addDays(day, -1)), series.tvl(poolId, day)];
      return last === undefined || tvl === null ? undefined : { apy: Math.max(0, last), tvl };
    };
    const today = passed.get(poolId) ? forecastOn(date) : undefined;
    let believed = today;
    for (let back = 1; believed === undefined && back <= forecastBelievedDays; back += 1)
      believed = forecastOn(addDays(date, -back));
    const days = Array.from({ length: 7 }, (_, i) =>
      facts.days.get(poolId)?.get(addDays(yesterday, i - 6)),
    ).filter((d) => d !== undefined);
    const group = groupOver(days, parameters, 'corrected');
    const tokens = approvedTokensOf(pool, settings);
    const verdict = finalFilterPool(
      {
        poolId,
        tokens,
        forecastedApy: today?.apy ?? null,
        forecastedTvl: today?.tvl ?? null,
        lastApy: apy ?? null,
        usualApy: series.usual(poolId, date),
      },
      inIcebox,
      parameters,
    );
    if (verdict.passed) groups.set(poolId, group);
    candidates.push({
      poolId,
      tokens,
      passes: verdict.passed,
      forecastedApy: believed?.apy ?? null,
      forecastedTvl: believed?.tvl ?? null,
      group,
      observedTvl: series.tvl(poolId, date),
      maturity: null,
    });
  }
  const closes = facts.candles.filter((c) => c.date < date && daysBetween(c.date, date) <= 400);
  const prices = pricesOn(
    date,
    new Set([...holdings.map(({ token }) => token), ...candidates.flatMap(({ tokens }) => tokens)]),
    closes,
    approvedTokens,
  );
  const eth = facts.candles
    .filter((c) => c.symbol === 'ETH' && c.date < date)
    .sort((a, b) => (a.date < b.date ? 1 : -1))[0]?.close;
  let gwei: number | undefined;
  for (let back = 1; gwei === undefined && back < 400; back += 1) gwei = facts.gas.get(addDays(date, -back));
  const { problem, untouched } = assembleProblem(
    date,
    parameters,
    gasCosts(parameters, gwei ?? unknownBaseFeeGwei, eth ?? unknownEthUsd),
    holdings,
    candidates,
    prices,
    parameters.icebox_convert ? new Set() : inIcebox,
  );
  return { date, problem, untouched, lastApy, groups, prices, facts };
}
