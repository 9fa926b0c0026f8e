/**
 * Whether an APY can be money or only an error of its source. A feed that says 1,000,000 % for one day would otherwise
 * draw the largest position, and the books would show three million dollars that nobody has.
 */
import type { PoolParameters } from './settings.ts';

export type ApyLimits = Pick<PoolParameters, 'pool_apy_max' | 'pool_apy_jump_times' | 'pool_apy_jump_floor'>;

/** The usual APY of a pool is the median of so many days before, ... */
export const usualDays = 30;
/** ... of which at least so many were observed: a new pool has no past to be held against. */
export const leastUsualDays = 7;

/**
 * Why an APY is not believed, as the end of a sentence; undefined where it is. `apy` and `usual` are percent points a
 * year; `usual` is null where the pool has too little past.
 */
export function implausibleApy(apy: number, usual: number | null, limits: ApyLimits): string | undefined {
  const most = 100 * limits.pool_apy_max;
  if (Math.abs(apy) > most) return `${percent(apy)} is beyond the limit of ${percent(most)}`;
  if (usual === null) return undefined;
  const own = Math.max(100 * limits.pool_apy_jump_floor, limits.pool_apy_jump_times * Math.abs(usual));
  if (Math.abs(apy) <= own) return undefined;
  return `${percent(apy)} is more than ${percent(own)}, what its usual ${percent(usual)} leaves room for`;
}

function percent(value: number): string {
  return `${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} %`;
}
