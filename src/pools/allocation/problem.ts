/**
 * What an allocation decides on, as data: what is there, where it may go, what that costs and what limits it. It is
 * plain JSON, so that another solver can be given the same problem.
 */
import type { PoolGroup } from '../grouping.ts';
import { dollarsOf, parseAmount, parsePrice, valueOf } from '../portfolio/amounts.ts';

export interface AllocationProblem {
  limits: AllocationLimits;
  /** Dollars for one transaction of each kind, with at most 6 decimals. */
  gasUsd: { withdrawal: number; conversion: number; deposit: number };
  tokens: AllocationToken[];
  pools: AllocationPool[];
}

export interface AllocationLimits {
  horizonDays: number;
  /** Cost of a conversion, as a share of what is converted. */
  conversionRate: number;
  minPools: number;
  /** What each pool short of minPools costs in the objective, as a share of all assets. */
  minPoolsPenaltyPct: number;
  minPositionUsd: number;
  minPositionPct: number;
  /** Up to this share of all assets may be paid into one pool; what has grown beyond it stays. */
  maxPositionPct: number;
  /** The same of a pool's forecasted TVL. */
  maxPoolTvlPct: number;
  /** Pools forecasted smaller than this are left, as far as the money can leave. */
  poolTvlLimit: number;
  /** Largest share of all assets that may be paid into groups 1, 2 and 3; unknown groups count with group 3. */
  groupMaxPct: [number, number, number];
}

export interface AllocationToken {
  symbol: string;
  /** Dollars, at most 8 decimals. */
  price: string;
  /** Tokens in the wallet, at most 18 decimals. */
  idle: string;
  /** In the icebox: neither converted away, which would sell it at the bottom, nor bought. */
  frozen?: boolean;
}

export interface AllocationPool {
  poolId: string;
  /** The tokens it takes; several are paid in with equal value. */
  accepts: string[];
  held: { token: string; amount: string }[];
  /** Forecast, percent points a year. */
  apy: number;
  /** Forecast, dollars. */
  tvl: number;
  group: PoolGroup | null;
  /** False for what is held although it does not pass today: it may be kept or reduced. */
  mayGrow: boolean;
  /** True for what is to be left at once: the pool has ended, or nothing is known of it any more. */
  mustLeave?: boolean;
  /** Dollars that the pool holds: more cannot be taken out of it. Left out where that is not known. */
  holdsUsd?: number;
}

/** A move of less than this is not made. */
export const dustUsd = 0.01;

/** The bounds of one pool in dollars, each as tight as the limits make it. */
export interface PoolBounds {
  pool: AllocationPool;
  /** What lies in it now; by token in the order of `pool.held`. */
  valueUsd: number;
  heldUsd: number[];
  /** What may be paid in up to: the tightest of the limits on one position. A cap forbids to buy; it never sells. */
  limitUsd: number;
  /** The most it may hold afterwards: what it holds already, or its limit; for one that must be left, what cannot leave. */
  capUsd: number;
  /** The most that can be taken out: all of it, or what the pool holds. */
  outUsd: number;
  /** The least it may hold afterwards, unless nothing. */
  floorUsd: number;
  /** The most that may be paid in; 0 means nothing may. */
  depositUsd: number;
  /** The least that is paid in, if anything is. */
  leastUsd: number;
  /** What a dollar in it earns over the horizon. */
  yieldPerDollar: number;
}

export interface Bounds {
  /** All assets at today's prices. */
  assetsUsd: number;
  /** In the order of the problem's tokens. */
  idleUsd: number[];
  pools: PoolBounds[];
  /** The most that may lie in groups 1, 2 and 3 (with unknown) afterwards. */
  groupCapsUsd: [number, number, number];
}

/** 0, 1 or 2: the group whose limit a pool counts against. */
export function groupIndex(group: PoolGroup | null): 0 | 1 | 2 {
  return group === 1 ? 0 : group === 2 ? 1 : 2;
}

/** Puts the problem's limits into dollars. */
export function boundsOf({ tokens, pools, limits, gasUsd }: AllocationProblem): Bounds {
  const prices = new Map(tokens.map(({ symbol, price }) => [symbol, parsePrice(price)]));
  const usd = (token: string, amount: string): number => {
    const price = prices.get(token);
    if (price === undefined) throw new Error(`the problem holds ${token} but has no price of it`);
    return dollarsOf(valueOf(parseAmount(amount), price));
  };
  const idleUsd = tokens.map(({ symbol, idle }) => usd(symbol, idle));
  const heldUsd = pools.map(({ held }) => held.map(({ token, amount }) => usd(token, amount)));
  const assetsUsd = sum(idleUsd) + sum(heldUsd.map(sum));

  const minimumUsd = Math.max(limits.minPositionUsd, limits.minPositionPct * assetsUsd);
  const bounds = pools.map((pool, i): PoolBounds => {
    const valueUsd = sum(heldUsd[i]!);
    const tvlCapUsd = pool.tvl < limits.poolTvlLimit ? 0 : limits.maxPoolTvlPct * pool.tvl;
    const limitUsd = Math.max(0, Math.min(limits.maxPositionPct * assetsUsd, tvlCapUsd));
    const outUsd = Math.min(valueUsd, Math.max(0, pool.holdsUsd ?? Infinity));
    // Leaving must bring more than it costs: a dollar is not saved for two dollars of gas.
    const exitUsd = gasUsd.withdrawal * heldUsd[i]!.filter((usd) => usd > 0).length;
    const mustLeave = pool.mustLeave === true || pool.tvl < limits.poolTvlLimit;
    const leaves = mustLeave && outUsd >= dustUsd && outUsd > exitUsd;
    const capUsd = leaves ? valueUsd - outUsd : pool.mayGrow ? Math.max(limitUsd, valueUsd) : valueUsd;
    // The minimum is for what is opened: it never drives out, nor makes grow, what is already there. What cannot leave
    // may be as small as it is.
    const floorUsd =
      valueUsd > 0
        ? Math.min(minimumUsd, valueUsd, outUsd < valueUsd ? valueUsd - outUsd : capUsd)
        : minimumUsd;
    const roomUsd = pool.mayGrow && !mustLeave && pool.accepts.length > 0 ? limitUsd - valueUsd : 0;
    const yieldPerDollar = (Math.max(0, pool.apy) / 100 / 365) * limits.horizonDays;
    // Not even for the sake of min_pools is a deposit made that does not earn its own gas.
    const payingUsd = yieldPerDollar > 0 ? (gasUsd.deposit * pool.accepts.length) / yieldPerDollar : Infinity;
    const leastUsd = Math.max(payingUsd, valueUsd > 0 ? 0 : floorUsd);
    return {
      pool,
      valueUsd,
      heldUsd: heldUsd[i]!,
      limitUsd,
      capUsd,
      outUsd: outUsd >= dustUsd ? outUsd : 0,
      floorUsd,
      depositUsd: roomUsd >= dustUsd && roomUsd >= leastUsd ? roomUsd : 0,
      leastUsd,
      yieldPerDollar,
    };
  });
  // A group above its limit is not sold down: its pools may have come into it by becoming calmer. It does not grow.
  const inGroups = [0, 0, 0];
  for (const { pool, valueUsd } of bounds) inGroups[groupIndex(pool.group)]! += valueUsd;
  const groupCapsUsd = limits.groupMaxPct.map((share, group) =>
    Math.max(share * assetsUsd, inGroups[group]!),
  ) as Bounds['groupCapsUsd'];
  return { assetsUsd, idleUsd, pools: bounds, groupCapsUsd };
}

/**
 * How many pools to spread over: `minPools`, but no more than are held and could be opened with what is idle or must be
 * moved anyway, where the groups have room. Money that earns is not taken out of a pool only to be spread.
 */
export function poolsWanted({ limits, tokens }: AllocationProblem, bounds: Bounds): number {
  const smallestUsd = Math.max(limits.minPositionUsd, limits.minPositionPct * bounds.assetsUsd, dustUsd);
  const held = bounds.pools.filter(({ valueUsd, capUsd }) => valueUsd > 0 && capUsd > 0).length;
  const idleUsd = sum(bounds.idleUsd.filter((_, j) => tokens[j]!.frozen !== true));
  const leavingUsd = sum(bounds.pools.map(({ valueUsd, capUsd }) => Math.max(0, valueUsd - capUsd)));
  const openable = limits.groupMaxPct.map((share, group) => {
    const members = bounds.pools.filter(({ pool }) => groupIndex(pool.group) === group);
    const stayingUsd = sum(members.map(({ valueUsd, capUsd }) => Math.min(valueUsd, capUsd)));
    const places = members.filter(({ valueUsd, depositUsd }) => valueUsd === 0 && depositUsd > 0).length;
    return Math.min(places, Math.max(0, Math.floor((share * bounds.assetsUsd - stayingUsd) / smallestUsd)));
  });
  return Math.min(
    limits.minPools,
    held + Math.min(sum(openable), Math.floor((idleUsd + leavingUsd) / smallestUsd)),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
