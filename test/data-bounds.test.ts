import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';
import { loadFirstDays, readFirstDays } from '../src/data-bounds.ts';
import { earliest, latest } from '../src/planning/days.ts';

test('the shipped first days are those that the jobs take without any', () => {
  assert.deepEqual(loadFirstDays(readConfig().checkout), { prices: '1900-01-01', chains: '2015-01-01' });
});

test('both languages take the same days for days', () => {
  const bounds = readFileSync(`${readConfig().checkout}/spark/sevenfold_jobs/common/bounds.py`, 'utf8');
  const found = /^EARLIEST, LATEST = date\((.*?)\), date\((.*?)\)$/m.exec(bounds)!;
  const days = found.slice(1).map((parts) =>
    parts
      .split(', ')
      .map((part) => part.padStart(2, '0'))
      .join('-'),
  );
  assert.deepEqual(days, [earliest, latest]);
});

for (const [what, raw, expected] of [
  ['a day that no calendar has', { prices: { firstDay: '1900-02-30' } }, /prices\.firstDay is "1900-02-30"/],
  [
    'a day that the tables would refuse',
    { prices: { firstDay: '1900-01-01' }, chains: { firstDay: '2008-01-01' } },
    /chains\.firstDay is "2008-01-01", but must be a day such as "2015-01-01", not before 2009-01-03/,
  ],
  ['a misspelt name', { price: {} }, /unknown name "price"\. Did you mean "prices"/],
  ['nothing', {}, /prices is missing, but must be one JSON object/],
] as const) {
  test(`refuses ${what} in one line`, () => {
    assert.throws(() => readFirstDays(raw), expected);
  });
}
