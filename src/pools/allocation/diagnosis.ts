import type { AllocationProblem, Bounds } from './problem.ts';
import { dustUsd, groupIndex } from './problem.ts';

/**
 * Why a problem has no solution. Staying idle is always allowed and so is leaving a pool, so only gas can be in the way:
 * what must come down costs more than all there is.
 */
export function whyInfeasible({ limits, gasUsd }: AllocationProblem, bounds: Bounds): string {
  const must = bounds.pools
    .filter(({ valueUsd, capUsd }) => valueUsd > capUsd)
    .map(({ pool, valueUsd, capUsd }) => {
      if (capUsd > 0) return `${pool.poolId} from ${usd(valueUsd)} to its cap of ${usd(capUsd)}`;
      const reason =
        pool.tvl < limits.poolTvlLimit
          ? `its forecasted TVL is ${usd(pool.tvl)}, pool_tvl_limit ${usd(limits.poolTvlLimit)}`
          : 'its cap is 0';
      return `${pool.poolId} from ${usd(valueUsd)} to nothing (${reason})`;
    });
  for (const group of [0, 1, 2] as const) {
    const heldUsd = bounds.pools
      .filter(({ pool }) => groupIndex(pool.group) === group)
      .reduce((sum, { valueUsd, capUsd }) => sum + Math.min(valueUsd, capUsd), 0);
    const capUsd = bounds.groupCapsUsd[group];
    if (heldUsd > capUsd + dustUsd) {
      must.push(`group ${group + 1} from ${usd(heldUsd)} to group${group + 1}_max_pct, ${usd(capUsd)}`);
    }
  }
  if (must.length === 0) return 'the limits contradict each other; see config/pools/parameters.json';
  return (
    `must come down: ${must.join(', ')}; a withdrawal costs ${usd(gasUsd.withdrawal)} of gas, ` +
    `the whole portfolio is worth ${usd(bounds.assetsUsd)}`
  );
}

function usd(amount: number): string {
  return `$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}
