import type { Day } from '../../planning/days.ts';
import type { PoolGroup } from '../grouping.ts';
import { formatAmount, formatPrice } from '../portfolio/amounts.ts';
import type { Holding } from '../portfolio/opening.ts';
import type { TokenPrice } from '../portfolio/prices.ts';
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
  /** Today's forecast, else the newest of the last days; null where there is none. */
  forecastedApy: number | null;
  forecastedTvl: number | null;
  group: PoolGroup | null;
  /** Dollars that the pool held when it was last looked at; null where nobody has. */
  observedTvl: number | null;
  /** The day that a fixed-term pool ends on, if it has one. */
  maturity: Day | null;
}

/** What a day decides on, and what it cannot. */
export interface AssembledProblem {
  problem: AllocationProblem;
  /** Holdings of tokens that nobody has a price for, and what shares a pool with them: they stay where they are. */
  untouched: Holding[];
}

/**
 * The problem of a day. What is held in a pool that does not pass today may be kept or reduced, never increased, for as
 * long as there is a forecast of it: data that is late is no reason to sell. Without one it counts nothing and is left,
 * and so is a pool that has ended. `frozen` are the tokens of the icebox that are not to be sold.
 */
export function assembleProblem(
  date: Day,
  parameters: PoolParameters,
  gasUsd: AllocationProblem['gasUsd'],
  holdings: readonly Holding[],
  candidates: readonly Candidate[],
  prices: ReadonlyMap<string, TokenPrice>,
  frozen: ReadonlySet<string> = new Set(),
): AssembledProblem {
  const priced = (token: string) => prices.get(token)?.tradable === true;
  const locked = new Set(
    holdings.filter(({ poolId, token }) => poolId !== null && !priced(token)).map(({ poolId }) => poolId),
  );
  const isUntouched = ({ poolId, token }: Holding) => !priced(token) || locked.has(poolId);
  const inPool = new Map<string, { token: string; amount: string }[]>();
  const idle = new Map<string, string>();
  for (const holding of holdings) {
    const { poolId, token, amount } = holding;
    if (amount === 0n || isUntouched(holding)) continue;
    if (poolId === null) idle.set(token, formatAmount(amount));
    else inPool.set(poolId, [...(inPool.get(poolId) ?? []), { token, amount: formatAmount(amount) }]);
  }
  const pools = candidates
    .filter(({ poolId }) => !locked.has(poolId))
    .map((candidate): AllocationPool => {
      const { poolId, forecastedApy, forecastedTvl, observedTvl, maturity } = candidate;
      const ended = maturity !== null && maturity <= date;
      const known = forecastedApy !== null && forecastedTvl !== null;
      return {
        poolId,
        accepts: [...candidate.tokens].sort(),
        held: inPool.get(poolId) ?? [],
        apy: ended ? 0 : (forecastedApy ?? 0),
        tvl: forecastedTvl ?? 0,
        group: candidate.group,
        mayGrow:
          candidate.passes &&
          !ended &&
          (forecastedApy ?? 0) > 0 &&
          (forecastedTvl ?? 0) > 0 &&
          candidate.tokens.every((token) => priced(token) && !frozen.has(token)),
        mustLeave: ended || !known,
        ...(observedTvl !== null && { holdsUsd: observedTvl }),
      };
    })
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
    problem: {
      limits: limitsOf(parameters),
      gasUsd,
      tokens: [...symbols].sort().map((symbol) => ({
        symbol,
        price: formatPrice(prices.get(symbol)!.price),
        idle: idle.get(symbol) ?? '0',
        ...(frozen.has(symbol) && { frozen: true }),
      })),
      pools,
    },
    untouched: holdings.filter((holding) => holding.amount > 0n && isUntouched(holding)),
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
