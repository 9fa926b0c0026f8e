import type { PoolGroup } from '../grouping.ts';
import { formatAmount, formatPrice } from '../portfolio/amounts.ts';
import type { Price } from '../portfolio/amounts.ts';
import type { Holding } from '../portfolio/opening.ts';
import type { PoolParameters } from '../settings.ts';
import type { AllocationLimits, AllocationPool, AllocationProblem } from './problem.ts';

/** For so many days the last forecast of a held pool counts where today's is missing. */
export const forecastBelievedDays = 3;

/** A pool that money may go into, or that money is in. */
export interface Candidate {
  poolId: string;
  /** Approved tokens that it takes. */
  tokens: readonly string[];
  /** Both filters let it pass today, and both its forecasts are of today. */
  passes: boolean;
  /** Of today, else the newest of the last days; null where there is none. */
  forecastedApy: number | null;
  forecastedTvl: number | null;
  group: PoolGroup | null;
}

/**
 * The problem of a day. What is held in a pool that does not pass today may be kept or reduced, never increased, for as
 * long as there is a forecast of it: data that is late is no reason to sell. Without one it counts nothing and is left.
 */
export function assembleProblem(
  parameters: PoolParameters,
  gasUsd: AllocationProblem['gasUsd'],
  holdings: readonly Holding[],
  candidates: readonly Candidate[],
  prices: ReadonlyMap<string, Price>,
): AllocationProblem {
  const inPool = new Map<string, { token: string; amount: string }[]>();
  const idle = new Map<string, string>();
  for (const { poolId, token, amount } of holdings) {
    if (amount === 0n) continue;
    if (poolId === null) idle.set(token, formatAmount(amount));
    else inPool.set(poolId, [...(inPool.get(poolId) ?? []), { token, amount: formatAmount(amount) }]);
  }
  const pools = candidates
    .map((candidate): AllocationPool => ({
      poolId: candidate.poolId,
      accepts: [...candidate.tokens].sort(),
      held: inPool.get(candidate.poolId) ?? [],
      apy: candidate.forecastedApy ?? 0,
      tvl: candidate.forecastedTvl ?? 0,
      group: candidate.group,
      mayGrow: candidate.passes && (candidate.forecastedApy ?? 0) > 0 && (candidate.forecastedTvl ?? 0) > 0,
    }))
    .filter(({ held, mayGrow }) => held.length > 0 || mayGrow)
    .sort((a, b) => (a.poolId < b.poolId ? -1 : 1));
  const symbols = new Set([
    ...idle.keys(),
    ...pools.flatMap(({ held, accepts, mayGrow }) => [
      ...held.map(({ token }) => token),
      ...(mayGrow ? accepts : []),
    ]),
  ]);
  return {
    limits: limitsOf(parameters),
    gasUsd,
    tokens: [...symbols].sort().map((symbol) => ({
      symbol,
      price: formatPrice(prices.get(symbol)!),
      idle: idle.get(symbol) ?? '0',
    })),
    pools,
  };
}

function limitsOf(parameters: PoolParameters): AllocationLimits {
  return {
    horizonDays: parameters.optimization_horizon_days,
    conversionRate: parameters.conversion_rate,
    minPools: parameters.min_pools,
    minPoolsPenaltyPct: parameters.min_pools_penalty_pct,
    minPositionUsd: parameters.min_position_usd,
    minPositionPct: parameters.min_position_pct,
    maxPositionPct: Math.min(parameters.max_alloc_percentage, parameters.position_max_pct_total_assets),
    maxPoolTvlPct: Math.min(parameters.tvl_limit_percentage, parameters.position_max_pct_pool_tvl),
    poolTvlLimit: parameters.pool_tvl_limit,
    groupMaxPct: [parameters.group1_max_pct, parameters.group2_max_pct, parameters.group3_max_pct],
  };
}
