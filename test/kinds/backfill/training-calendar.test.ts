import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDays } from '../../../src/planning/days.ts';
import { trainFrequencies, trainingDateOf } from '../../../src/kinds/backfill/planning/training-calendar.ts';

/** The training dates that the days of a range use. */
function windows(start: string, end: string, frequency: (typeof trainFrequencies)[number]): string[] {
  const dates = new Set<string>();
  for (let day = start; day <= end; day = addDays(day, 1)) dates.add(trainingDateOf(day, frequency));
  return [...dates];
}

test('training dates lie on the calendar, not on the range that is asked for', () => {
  assert.deepEqual(windows('2018-03-05', '2019-08-31', 'semiannually'), [
    '2018-01-01',
    '2018-07-01',
    '2019-01-01',
    '2019-07-01',
  ]);
  assert.equal(windows('2018-01-01', '2025-11-11', 'semiannually').length, 16);
  assert.equal(windows('2015-01-13', '2026-07-06', 'semiannually').length, 24);
  assert.equal(windows('2015-01-13', '2026-07-06', 'semiannually')[0], '2015-01-01');
});

test('months, quarters and years begin on their first day, 31 August or not', () => {
  assert.equal(trainingDateOf('2024-08-31', 'monthly'), '2024-08-01');
  assert.equal(trainingDateOf('2024-02-29', 'quarterly'), '2024-01-01');
  assert.equal(trainingDateOf('2024-12-31', 'quarterly'), '2024-10-01');
  assert.equal(trainingDateOf('2024-06-30', 'semiannually'), '2024-01-01');
  assert.equal(trainingDateOf('2024-07-01', 'semiannually'), '2024-07-01');
  assert.equal(trainingDateOf('2024-07-01', 'annually'), '2024-01-01');
});

test('weeks begin on Mondays, every second one counted from 2000-01-03', () => {
  assert.equal(trainingDateOf('2026-07-05', 'weekly'), '2026-06-29'); // a Sunday
  assert.equal(trainingDateOf('2026-06-29', 'weekly'), '2026-06-29');
  assert.equal(trainingDateOf('2000-01-16', 'biweekly'), '2000-01-03');
  assert.equal(trainingDateOf('2000-01-17', 'biweekly'), '2000-01-17');
  assert.equal(trainingDateOf('1999-12-31', 'biweekly'), '1999-12-20');
  assert.equal(trainingDateOf('2026-07-05', 'daily'), '2026-07-05');
});

test('no day uses a model that was trained after it', () => {
  for (const frequency of trainFrequencies) {
    for (let day = '2019-12-20'; day < '2021-01-10'; day = addDays(day, 1)) {
      const trained = trainingDateOf(day, frequency);
      assert.ok(trained <= day, `${frequency}: ${day} uses ${trained}`);
      assert.equal(trainingDateOf(trained, frequency), trained);
    }
  }
});
