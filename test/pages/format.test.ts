import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  change,
  clipped,
  count,
  dash,
  days,
  dollars,
  megabytes,
  moment,
  percent,
  points,
  price,
  seconds,
  shortDollars,
} from '../../src/pages/format.ts';

const cases: [written: string, expected: string][] = [
  [percent(7.25), '7.25 %'],
  [percent(0), '0.00 %'],
  [percent(-0.001), '0.00 %'],
  [percent(182.4567), '182.46 %'],
  [percent(1234.5), '1,234.50 %'],
  [percent(null), dash],
  [percent(Number.NaN), dash],
  [percent(Infinity), dash],
  [points(0.3325), '0.33 pp'],
  [dollars(482_727_188.4), '$482,727,188'],
  [dollars(0), '$0'],
  [dollars(-12.5), '-$13'],
  [dollars(null), dash],
  [price(0), '$0.00'],
  [price(0.01234), '$0.0123'],
  [price(-0.5), '-$0.5000'],
  [price(12.345), '$12.35'],
  [price(null), dash],
  [shortDollars(999), '$999'],
  [shortDollars(100_000), '$100k'],
  [shortDollars(2_500_000), '$2.5M'],
  [shortDollars(10_273_000_000), '$10.3B'],
  [count(18_000), '18,000'],
  [count(undefined), dash],
  [change(110, 100), '+10.0 %'],
  [change(99.5, 100), '-0.5 %'],
  [change(100, 100), '0.0 %'],
  [change(100, 0), dash],
  [change(100, null), dash],
  [seconds(0.0412), '41 ms'],
  [seconds(0), '0 ms'],
  [seconds(0.1), '0.1 s'],
  [seconds(59.94), '59.9 s'],
  [seconds(59.96), '1 min 00 s'],
  [seconds(65), '1 min 05 s'],
  [seconds(null), dash],
  [megabytes(1311.6), '1,312 MB'],
  [days(0), '0 days'],
  [days(1), '1 day'],
  [days(196), '196 days'],
  [moment(new Date('2026-11-20T00:01:02.900Z')), '2026-11-20 00:01:02 UTC'],
  [moment(null), dash],
  [clipped('abcdef', 6), 'abcdef'],
  [clipped('abcdefg', 6), 'abcde…'],
  [clipped('', 6), dash],
  [clipped(null, 6), dash],
];

for (const [written, expected] of cases) {
  test(`writes ${expected}`, () => assert.equal(written.replaceAll('\u202f', ' '), expected));
}

test('no line breaks between a number and its unit', () => {
  for (const written of [percent(1), points(1), seconds(1), megabytes(1)])
    assert.match(written, /^[\d.]+\u202f\S+$/);
});
