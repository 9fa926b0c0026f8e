import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finalFilterPool } from '../../src/pools/final-filter.ts';
import type { ForecastedPool } from '../../src/pools/final-filter.ts';
import { reasonKinds } from '../../src/pools/judgement.ts';

const limits = {
  pool_tvl_limit: 100_000,
  pool_apy_limit: 0.07,
  pool_apy_max: 1,
  pool_apy_jump_times: 5,
  pool_apy_jump_floor: 0.2,
};

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

test('an APY that no pool pays draws no money, whether the forecast repeats it or smooths it away', () => {
  assert.deepEqual(judge({ forecastedApy: 1e6, lastApy: 1e6, usualApy: 5.8 }).reasons, [
    'forecasted APY implausible: 1,000,000.00 % is beyond the limit of 100.00 %',
    'APY of the day before implausible: 1,000,000.00 % is beyond the limit of 100.00 %',
  ]);
  assert.deepEqual(judge({ forecastedApy: 8, lastApy: -50_000, usualApy: 5.8 }).reasons, [
    'APY of the day before implausible: -50,000.00 % is beyond the limit of 100.00 %',
  ]);
});

test("a jump is held against the pool's own past, and small figures are no jump", () => {
  assert.deepEqual(judge({ forecastedApy: 30, lastApy: 30, usualApy: 5.8 }).reasons, [
    'forecasted APY implausible: 30.00 % is more than 29.00 %, what its usual 5.80 % leaves room for',
    'APY of the day before implausible: 30.00 % is more than 29.00 %, what its usual 5.80 % leaves room for',
  ]);
  assert.equal(judge({ forecastedApy: 29, lastApy: 29, usualApy: 5.8 }).passed, true);
  assert.equal(judge({ forecastedApy: 18, lastApy: 18, usualApy: 0.2 }).passed, true);
  assert.equal(
    judge({ forecastedApy: 90, lastApy: 90, usualApy: null }).passed,
    true,
    'a new pool has no past',
  );
});
