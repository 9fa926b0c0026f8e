import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  amountFor,
  dollarsOf,
  formatAmount,
  formatDollars,
  parseAmount,
  parsePrice,
  priceOf,
  shareOf,
  valueOf,
  valueOfDollars,
} from '../../../src/pools/portfolio/amounts.ts';

test('every digit of an amount survives being read and written', () => {
  for (const text of ['0', '1', '0.000000000000000001', '12345678901234567890.123456789012345678', '-3.5']) {
    assert.equal(formatAmount(parseAmount(text)), text);
  }
  assert.equal(parseAmount('1.500000000000000000000'), 1_500_000_000_000_000_000n);
});

test('what cannot be counted exactly is refused', () => {
  for (const text of ['', '1e3', '0x10', 'NaN', '1.0000000000000000001', '1,5', '.5']) {
    assert.throws(() => parseAmount(text), RangeError, text);
  }
  assert.throws(() => priceOf(Number.NaN), RangeError);
});

test('a sum of tenths is exact where binary fractions are not', () => {
  const sum = Array.from({ length: 10 }, () => parseAmount('0.1')).reduce((a, b) => a + b);
  assert.equal(sum, parseAmount('1'));
});

test('numbers become the nearest value, whatever their size', () => {
  assert.equal(priceOf(0.99985), 99_985_000n);
  assert.equal(priceOf(1e-9), 0n);
  assert.equal(priceOf(2.5e-8), 3n);
  assert.equal(priceOf(123_456_789_012), 12_345_678_901_200_000_000n);
  assert.equal(dollarsOf(valueOfDollars(1_234.567_891)), 1_234.567_891);
  assert.equal(dollarsOf(valueOfDollars(-1e-12)), -1e-12);
});

test('a value never buys more than it pays for, a share is never more than there is', () => {
  const price = parsePrice('1.00000003');
  const bought = amountFor(valueOfDollars(100), price);
  assert.ok(valueOf(bought, price) <= valueOfDollars(100));
  assert.ok(valueOf(bought + 1n, price) > valueOfDollars(100));
  assert.equal(shareOf(parseAmount('3'), 1), parseAmount('3'));
  assert.equal(shareOf(1n, 0.999_999), 0n);
});

test('dollars are rounded to the millionth, half away from zero', () => {
  assert.equal(formatDollars(valueOfDollars(1.000_000_5)), '1.000001');
  assert.equal(formatDollars(valueOfDollars(-1.000_000_5)), '-1.000001');
  assert.equal(formatDollars(valueOfDollars(1.000_000_4)), '1');
});
