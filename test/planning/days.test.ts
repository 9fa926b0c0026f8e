import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDays, daysBetween, isDay } from '../../src/planning/days.ts';

for (const day of ['2025-06-30', '2024-02-29', '2000-02-29', '1900-01-01', '2199-12-31']) {
  test(`${day} is a day`, () => assert.equal(isDay(day), true));
}

for (const value of [
  '2025-02-29',
  '0001-01-01',
  '1899-12-31',
  '2200-01-01',
  '9999-12-31',
  '1900-02-29',
  '2025-13-01',
  '2025-00-10',
  '2025-06-31',
  '2025-6-1',
  '20250601',
  '2025-06-01T00:00:00Z',
  ' 2025-06-01',
  '',
  null,
  20250601,
]) {
  test(`${JSON.stringify(value)} is no day`, () => assert.equal(isDay(value), false));
}

test('counts across the ends of months, leap days and the change of clocks', () => {
  assert.equal(addDays('2024-02-28', 1), '2024-02-29');
  assert.equal(addDays('2024-03-01', -1), '2024-02-29');
  assert.equal(addDays('2024-12-31', 1), '2025-01-01');
  assert.equal(daysBetween('2024-03-30', '2024-04-01'), 2);
  assert.equal(daysBetween('2024-12-16', '2025-06-30'), 196);
  assert.equal(daysBetween('2025-01-02', '2025-01-01'), -1);
});
