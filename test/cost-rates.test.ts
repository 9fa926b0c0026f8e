import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';
import { loadCostRates, readCostRates } from '../src/cost-rates.ts';

const rates = {
  name: 'us-central1',
  date: '2026-11-25',
  dcuUsdPerHour: 0.06,
  premiumDcuUsdPerHour: 0.089,
  shuffleUsdPerGbMonth: 0.04,
  acceleratorUsdPerHour: 0,
};

test('the shipped rates are in order and are those of the configuration', () => {
  const config = readConfig({});
  assert.deepEqual(loadCostRates(config.checkout), config.rates);
  assert.equal(config.rates.dcuUsdPerHour, 0.06);
  assert.equal(config.rates.premiumDcuUsdPerHour, 0.089);
});

test('rates are read as they stand', () => assert.deepEqual(readCostRates('f.json', rates), rates));

for (const [what, changed, message] of [
  ['a misspelt name', { dcuUsdPerHours: 1 }, /unknown name "dcuUsdPerHours"\. Did you mean "dcuUsdPerHour"/],
  ['no date', { date: undefined }, /f\.json: date is missing, but must be the day/],
  ['a day that is none', { date: '2026-02-30' }, /date is "2026-02-30"/],
  ['an empty name', { name: '' }, /name is ""/],
  ['a price as text', { dcuUsdPerHour: '0.06' }, /dcuUsdPerHour is "0\.06", but must be US dollars/],
  ['a negative price', { shuffleUsdPerGbMonth: -1 }, /shuffleUsdPerGbMonth is -1/],
  ['a missing price', { acceleratorUsdPerHour: undefined }, /acceleratorUsdPerHour is missing/],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => readCostRates('f.json', { ...rates, ...changed }), { name: 'InvalidInput', message });
  });
}

test('a file that is no object is refused', () => {
  assert.throws(() => readCostRates('f.json', []), /the file is \[\], but must be one JSON object/);
});
