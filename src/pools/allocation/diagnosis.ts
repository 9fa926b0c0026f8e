import type { AllocationProblem, Bounds } from './problem.ts';

/**
 * Why a problem has no solution. Staying idle is always allowed and so is leaving a pool, so only gas can be in the way:
 * what must come down costs more than all there is.
 */
export function whyInfeasible({ limits, gasUsd }: AllocationProblem, bounds: Bounds): string {
  const must = bounds.pools
    .filter(({ valueUsd, capUsd }) => valueUsd > capUsd)
    .map(({ pool, valueUsd, capUsd }) => {
      if (capUsd > 0) return `${pool.poolId} from ${usd(valueUsd)} to ${usd(capUsd)}, which cannot leave it`;
      const reason =
        pool.tvl < limits.poolTvlLimit
          ? `its forecasted TVL is ${usd(pool.tvl)}, pool_tvl_limit ${usd(limits.poolTvlLimit)}`
          : pool.mustLeave
            ? 'it has ended, or nothing is known of it'
            : 'its cap is 0';
      return `${pool.poolId} from ${usd(valueUsd)} to nothing (${reason})`;
    });
  if (must.length === 0) return 'the limits contradict each other; see config/pools/parameters.json';
  return (
    `must come down: ${must.join(', ')}; a withdrawal costs ${usd(gasUsd.withdrawal)} of gas, ` +
    `the whole portfolio is worth ${usd(bounds.assetsUsd)}`
  );
}

function usd(amount: number): string {
  return `$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}
