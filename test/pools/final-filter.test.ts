import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finalFilterPool } from '../../src/pools/final-filter.ts';
import type { ForecastedPool } from '../../src/pools/final-filter.ts';
import { reasonKinds } from '../../src/pools/judgement.ts';

const limits = { pool_tvl_limit: 100_000, pool_apy_limit: 0.07 };

function judge(change: Partial<ForecastedPool>, iceboxed: string[] = []) {
  const pool = { poolId: 'a', tokens: ['USDC'], forecastedApy: 8, forecastedTvl: 5e6, ...change };
  return finalFilterPool(pool, new Set(iceboxed), limits);
}

test('a pool at exactly its limits passes', () => {
  // 0.07 * 100 is 7.000000000000001 in binary fractions
  assert.deepEqual(judge({ forecastedApy: 7, forecastedTvl: 100_000 }), {
    poolId: 'a',
    passed: true,
    reasons: [],
    reason: null,
  });
});

test('a forecast that is missing is the one reason: nothing is said of figures that are not there', () => {
  assert.deepEqual(judge({ forecastedApy: null, forecastedTvl: null }).reasons, [
    'forecast missing: APY and TVL',
  ]);
  assert.deepEqual(judge({ forecastedTvl: Number.NaN }).reasons, ['forecast missing: TVL']);
});

test('an iceboxed token is compared whole: USDe does not put sUSDe away', () => {
  assert.equal(judge({ tokens: ['SUSDE', 'sUSDe'] }, ['USDe', 'USDE']).passed, true);
  assert.deepEqual(judge({ tokens: ['USDC', 'USDe'] }, ['USDe']).reasons, ['token in the icebox: USDe']);
});

test('all reasons are given, in a form that can be counted', () => {
  const { reason, passed } = judge({ forecastedApy: 0.5, forecastedTvl: 99_999 }, ['USDC']);
  assert.equal(passed, false);
  assert.equal(
    reason,
    'token in the icebox: USDC; forecasted TVL below limit: $99,999 of $100,000; forecasted APY below limit: 0.50 % of 7.00 %',
  );
  assert.deepEqual(reasonKinds(reason), [
    'token in the icebox',
    'forecasted TVL below limit',
    'forecasted APY below limit',
  ]);
});
