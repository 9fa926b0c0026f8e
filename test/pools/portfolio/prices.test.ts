import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrice } from '../../../src/pools/portfolio/amounts.ts';
import { pricesOn } from '../../../src/pools/portfolio/prices.ts';
import type { Close } from '../../../src/pools/portfolio/prices.ts';

const date = '2026-01-31';
const approved = [
  { symbol: 'USDC', address: null, yieldBearing: false },
  { symbol: 'SUSDE', address: null, yieldBearing: true },
];

function priced(token: string, closes: Close[]) {
  const found = pricesOn(date, [token], closes, approved).get(token)!;
  return [formatPrice(found.price), found.date, found.warning];
}

const close = (symbol: string, day: string, value: number): Close => ({ symbol, date: day, close: value });

test('the newest close before the day counts; the day itself and a price of 0 do not', () => {
  const closes = [
    close('USDC', '2026-01-28', 0.9991),
    close('USDC', '2026-01-29', 0.9992),
    close('USDC', '2026-01-30', 0),
    close('USDC', '2026-01-31', 0.5),
  ];
  assert.deepEqual(priced('USDC', closes), ['0.9992', '2026-01-29', null]);
});

test('three days old is believed, four days old is not: a stablecoin counts 1.0', () => {
  assert.deepEqual(priced('USDC', [close('USDC', '2026-01-28', 0.97)]), ['0.97', '2026-01-28', null]);
  assert.deepEqual(priced('USDC', [close('USDC', '2026-01-27', 0.97)]), [
    '1',
    null,
    'newest price is of 2026-01-27: counts 1.0',
  ]);
});

test('a token that grows with its interest keeps its last price, spelt as the source spells it', () => {
  assert.deepEqual(priced('SUSDE', [close('sUSDe', '2026-01-10', 1.17)]), [
    '1.17',
    '2026-01-10',
    'newest price is of 2026-01-10',
  ]);
});

test('without a price only an approved token with a peg counts 1.0: ten WETH are not ten dollars', () => {
  assert.deepEqual(priced('USDC', []), ['1', null, 'no price: counts 1.0']);
  for (const token of ['WETH', 'SUSDE']) {
    assert.deepEqual(priced(token, []), ['0', null, 'no price: counts nothing and stays untouched']);
    assert.equal(pricesOn(date, [token], [], approved).get(token)!.tradable, false);
  }
});

test('a token that is not approved keeps an old price and stays untouched; a fresh one may be sold', () => {
  assert.deepEqual(priced('WETH', [close('WETH', '2026-01-10', 2_900)]), [
    '2900',
    '2026-01-10',
    'newest price is of 2026-01-10: stays untouched',
  ]);
  const fresh = pricesOn(date, ['WETH'], [close('weth', '2026-01-30', 2_900)], approved).get('WETH')!;
  assert.deepEqual([fresh.tradable, fresh.warning], [true, null]);
});
