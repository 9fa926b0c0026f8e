import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addDays } from '../../src/planning/days.ts';
import { iceboxOn } from '../../src/pools/icebox.ts';
import type { Candle } from '../../src/pools/icebox.ts';
import { loadPoolSettings } from '../../src/pools/settings.ts';

// L: low below 0.98 on 2 days; C: close below 0.99 on 1 day; recovery: low held 2 days and close held 3.
const limits = loadPoolSettings(fileURLToPath(new URL('../..', import.meta.url))).parameters;
const usdc = { symbol: 'USDC', address: null, yieldBearing: false };
const usdy = { symbol: 'USDY', address: null, yieldBearing: true };
const first = '2025-01-01';

/** One candle a day from 2025-01-01; null is a day without one. */
function candles(days: ([low: number | null, close: number] | null)[], symbol = 'USDC'): Candle[] {
  return days.flatMap((day, i) =>
    day === null ? [] : [{ symbol, date: addDays(first, i), low: day[0], close: day[1] }],
  );
}

function since(days: ([low: number | null, close: number] | null)[], token = usdc): string | undefined {
  const date = addDays(first, days.length);
  return iceboxOn(date, candles(days, token.symbol), [token], limits).tokens[0]?.since;
}

const ok: [number, number] = [0.999, 1];
const low: [number, number] = [0.97, 0.995];
const closeOut: [number, number] = [0.985, 0.985];

const cases: [what: string, days: ([number | null, number] | null)[], since: string | undefined][] = [
  ['a token at its peg stays out', [ok, ok, ok], undefined],
  ['one low day is not enough', [ok, low], undefined],
  ['two low days in a row fire on the second', [ok, low, low], '2025-01-03'],
  ['two low days with a good one between do not', [low, ok, low], undefined],
  [
    'a low at the limit exactly does not count',
    [
      [0.98, 1],
      [0.98, 1],
    ],
    undefined,
  ],
  ['one close beyond the limit fires', [ok, closeOut], '2025-01-02'],
  ['a close at the limit exactly does not', [[0.985, 0.99]], undefined],
  ['a candle without a low is judged by its close', [[null, 0.97]], '2025-01-01'],
  ['two good days after a close beyond the limit are not enough', [closeOut, ok, ok], '2025-01-01'],
  ['three good days bring it back', [closeOut, ok, ok, ok], undefined],
  [
    'a bad close begins the count again, and the day it entered stays',
    [closeOut, ok, ok, closeOut, ok, ok],
    '2025-01-01',
  ],
  ['lows beyond the limit hold it though the closes are good', [low, low, low, low, low], '2025-01-02'],
  ['after two lows, two good lows and three good closes bring it back', [low, low, ok, ok], undefined],
  ['after two lows, one good low is not enough', [low, low, low, ok], '2025-01-02'],
  ['it can enter again later', [closeOut, ok, ok, ok, closeOut], '2025-01-05'],
  ['a short gap does not break the row of days', [low, null, null, low], '2025-01-04'],
  ['a gap in which the price went stale does', [low, null, null, null, low], undefined],
  ['a stale gap breaks the row of good days as well', [closeOut, ok, ok, null, null, null, ok], '2025-01-01'],
  ['a token that vanishes in the icebox stays in it', [closeOut, null, null, null, null, null], '2025-01-01'],
];

for (const [what, days, expected] of cases) test(what, () => assert.equal(since(days), expected));

test('the run date itself and what comes after are not looked at', () => {
  const series = candles([ok, ok, closeOut, closeOut]);
  assert.deepEqual(iceboxOn('2025-01-03', series, [usdc], limits).tokens, []);
  assert.equal(iceboxOn('2025-01-04', series, [usdc], limits).tokens[0]?.since, '2025-01-03');
});

test('says in words what happened, against what', () => {
  const byClose = iceboxOn('2025-01-02', candles([[0.9, 0.9101]]), [usdc], limits).tokens;
  assert.deepEqual(byClose, [
    {
      symbol: 'USDC',
      since: '2025-01-01',
      reason: 'close 0.9101 on 2025-01-01 was 8.99 % below the peg of 1.00; the limit is 1.00 %',
    },
  ]);
  const byLow = iceboxOn('2025-01-03', candles([low, low]), [usdc], limits).tokens[0]?.reason;
  assert.equal(
    byLow,
    'low 0.9700 on 2025-01-02 was 3.00 % below the peg of 1.00; 2 days in a row beyond the limit of 2.00 %',
  );
});

test('a token that earns interest is held against its median close of the 30 days before', () => {
  const rising = Array.from({ length: 40 }, (_, i): [number, number] => [1.1 + i * 0.0001, 1.1 + i * 0.0001]);
  assert.equal(since(rising, usdy), undefined);
  // Median of the 30 closes before day 41 is 1.10245; 1 % below it lies 1.09143.
  assert.equal(since([...rising, [1.0915, 1.0915]], usdy), undefined);
  assert.equal(since([...rising, [1.0914, 1.0914]], usdy), '2025-02-10');
  const reason = iceboxOn('2025-02-11', candles([...rising, [1.0914, 1.0914]], 'USDY'), [usdy], limits)
    .tokens[0]?.reason;
  assert.match(reason!, /below 1\.1025, its median close of 30 days/);
});

test('the first day of an interest-bearing token is held against nothing', () => {
  assert.equal(since([[0.5, 0.5]], usdy), undefined);
});

test('a price of the day T-3 is believed, one of T-4 is stale', () => {
  const series = candles([ok]);
  assert.deepEqual(iceboxOn('2025-01-04', series, [usdc], limits).stale, []);
  assert.deepEqual(iceboxOn('2025-01-05', series, [usdc], limits).stale, [{ symbol: 'USDC', newest: first }]);
});

test('tokens are found whatever the case of their name, and those without a price are named', () => {
  const susde = { symbol: 'SUSDE', address: null, yieldBearing: false };
  const icebox = iceboxOn('2025-01-02', candles([closeOut], 'sUSDe'), [usdc, susde], limits);
  assert.deepEqual(
    icebox.tokens.map((token) => token.symbol),
    ['SUSDE'],
  );
  assert.deepEqual(icebox.unpriced, ['USDC']);
});

test('tokens that are not approved are left alone', () => {
  assert.deepEqual(iceboxOn('2025-01-02', candles([closeOut], 'UST'), [usdc], limits).tokens, []);
});

test('the order of the candles and two spellings of one token change nothing', () => {
  const series = [...candles([ok, closeOut, ok]), ...candles([ok, ok, ok], 'usdc')];
  const expected = iceboxOn('2025-01-04', series, [usdc], limits);
  assert.deepEqual(iceboxOn('2025-01-04', series.reverse(), [usdc], limits), expected);
  assert.equal(expected.tokens[0]?.since, '2025-01-02');
});
