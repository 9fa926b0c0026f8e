/** Phase 5: whether a pool that may be used at all is worth using on this day, and every reason why not. */
import { dollars, judgement } from './judgement.ts';
import type { Judgement } from './judgement.ts';
import { implausibleApy } from './plausible.ts';
import type { ApyLimits } from './plausible.ts';
import type { PoolParameters } from './settings.ts';

export interface ForecastedPool {
  poolId: string;
  /** Its tokens as the approved list spells them. */
  tokens: readonly string[];
  /** Percent points a year; null where there is no forecast for the day. */
  forecastedApy: number | null;
  /** Dollars. */
  forecastedTvl: number | null;
  /** Newest observed before the day, percent points a year. */
  lastApy?: number | null;
  /** The median of the days before that (see plausible.ts); null where there are too few. */
  usualApy?: number | null;
}

/** Judges one pool. All checks run, so that the reasons are complete. */
export function finalFilterPool(
  pool: ForecastedPool,
  iceboxed: ReadonlySet<string>,
  limits: Pick<PoolParameters, 'pool_tvl_limit' | 'pool_apy_limit'> & ApyLimits,
): Judgement {
  return judgement(pool.poolId, [
    ...forecastReasons(pool),
    // Exact symbols: USDe is not sUSDe.
    ...pool.tokens.filter((token) => iceboxed.has(token)).map((token) => `token in the icebox: ${token}`),
    ...belowLimit('TVL', pool.forecastedTvl, limits.pool_tvl_limit, dollars),
    ...belowLimit('APY', pool.forecastedApy, points(limits.pool_apy_limit), percent),
    // The forecast smooths what the source says, so both are looked at.
    ...implausible('forecasted APY', pool.forecastedApy, pool, limits),
    ...implausible('APY of the day before', pool.lastApy ?? null, pool, limits),
  ]);
}

function forecastReasons({ forecastedApy, forecastedTvl }: ForecastedPool): string[] {
  const missing = [...(isKnown(forecastedApy) ? [] : ['APY']), ...(isKnown(forecastedTvl) ? [] : ['TVL'])];
  return missing.length === 0 ? [] : [`forecast missing: ${missing.join(' and ')}`];
}

function belowLimit(
  what: string,
  forecast: number | null,
  limit: number,
  shown: (value: number) => string,
): string[] {
  if (!isKnown(forecast) || forecast >= limit) return [];
  return [`forecasted ${what} below limit: ${shown(forecast)} of ${shown(limit)}`];
}

function implausible(what: string, apy: number | null, pool: ForecastedPool, limits: ApyLimits): string[] {
  const why = isKnown(apy) ? implausibleApy(apy, pool.usualApy ?? null, limits) : undefined;
  return why === undefined ? [] : [`${what} implausible: ${why}`];
}

function isKnown(forecast: number | null): forecast is number {
  return forecast !== null && Number.isFinite(forecast);
}

/** Fraction to percent points, without the dust of binary fractions (0.07 * 100 is 7.000000000000001). */
function points(fraction: number): number {
  return Number((fraction * 100).toPrecision(12));
}

function percent(value: number): string {
  return `${value.toFixed(2)} %`;
}
