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
  /** Largest share of all assets in one pool. */
  maxPositionPct: number;
  /** Largest share of a pool's forecasted TVL that may be ours. */
  maxPoolTvlPct: number;
  /** Pools forecasted smaller than this hold nothing. */
  poolTvlLimit: number;
  /** Largest share of all assets in groups 1, 2 and 3; pools of unknown group count with group 3. */
  groupMaxPct: [number, number, number];
}

export interface AllocationToken {
  symbol: string;
  /** Dollars, at most 8 decimals. */
  price: string;
  /** Tokens in the wallet, at most 18 decimals. */
  idle: string;
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
}

/** A move of less than this is not made, and a limit that is passed by less is kept. */
export const dustUsd = 0.01;

/** The bounds of one pool in dollars, each as tight as the limits make it. */
export interface PoolBounds {
  pool: AllocationPool;
  /** What lies in it now; by token in the order of `pool.held`. */
  valueUsd: number;
  heldUsd: number[];
  /** The most it may hold afterwards: 0 means out. */
  capUsd: number;
  /** The least it may hold afterwards, unless nothing. */
  floorUsd: number;
  /** The most that may be paid in; 0 means nothing may. */
  depositUsd: number;
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
export function boundsOf({ tokens, pools, limits }: AllocationProblem): Bounds {
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
    const keepUsd = limitUsd > 0 && valueUsd <= limitUsd + dustUsd ? valueUsd : limitUsd;
    const capUsd = pool.mayGrow ? Math.max(limitUsd, keepUsd) : Math.min(valueUsd, keepUsd);
    // The minimum is for what is opened: it never drives out, nor makes grow, what is already there.
    const floorUsd = valueUsd > 0 ? Math.min(minimumUsd, valueUsd, capUsd) : minimumUsd;
    const roomUsd = pool.mayGrow && pool.accepts.length > 0 ? capUsd - valueUsd : 0;
    return {
      pool,
      valueUsd,
      heldUsd: heldUsd[i]!,
      capUsd,
      floorUsd,
      depositUsd: roomUsd >= dustUsd && floorUsd <= capUsd ? roomUsd : 0,
      yieldPerDollar: (Math.max(0, pool.apy) / 100 / 365) * limits.horizonDays,
    };
  });
  const inGroups = [0, 0, 0];
  for (const { pool, valueUsd } of bounds) inGroups[groupIndex(pool.group)]! += valueUsd;
  const groupCapsUsd = limits.groupMaxPct.map((share, group) => {
    const limitUsd = share * assetsUsd;
    return inGroups[group]! <= limitUsd + dustUsd ? Math.max(limitUsd, inGroups[group]!) : limitUsd;
  }) as Bounds['groupCapsUsd'];
  return { assetsUsd, idleUsd, pools: bounds, groupCapsUsd };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
