import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDays } from '../../../src/planning/days.ts';
import {
  countBefore,
  dueDates,
  hasHistory,
  minimumHistory,
  rangesOf,
  shortHistory,
} from '../../../src/kinds/backfill/planning/dates.ts';

const week = ['2026-06-29', '2026-06-30', '2026-07-01', '2026-07-02', '2026-07-06'];
const asked = {
  start: '2026-01-01',
  end: '2026-12-31',
  calendar: 'trading',
  trainFrequency: 'monthly',
} as const;

test('each trading day but the first is due, as of the one before it', () => {
  assert.deepEqual(dueDates(week, { ...asked, end: '2026-07-06' }), [
    { date: '2026-06-30', asOf: '2026-06-29', trainingDate: '2026-06-01' },
    { date: '2026-07-01', asOf: '2026-06-30', trainingDate: '2026-07-01' },
    { date: '2026-07-02', asOf: '2026-07-01', trainingDate: '2026-07-01' },
    { date: '2026-07-06', asOf: '2026-07-02', trainingDate: '2026-07-01' },
  ]);
});

test('after the newest price one more date is due, and no further', () => {
  const dates = dueDates(week, asked).map(({ date, asOf }) => `${date} as of ${asOf}`);
  assert.equal(dates.at(-1), '2026-07-07 as of 2026-07-06');
  assert.equal(dates.length, 5);
  const friday = dueDates(['2026-07-01', '2026-07-02', '2026-07-03'], asked);
  assert.equal(friday.at(-1)!.date, '2026-07-06', 'a weekend is not forecast');
  assert.equal(dueDates(week, { ...asked, end: '2026-07-06' }).at(-1)!.date, '2026-07-06');
});

test('a date alone is due as it is in the whole', () => {
  const whole = dueDates(week, asked);
  for (const one of whole) {
    assert.deepEqual(dueDates(week, { ...asked, start: one.date, end: one.date }), [one]);
  }
});

test('a series that ended long ago is not forecast from its last day', () => {
  assert.deepEqual(dueDates(week, { ...asked, start: '2026-09-01' }), []);
});

test('in calendar mode the day after the newest row is due whatever its weekday', () => {
  const days = Array.from({ length: 5 }, (_, index) => addDays('2026-07-01', index)); // to Sunday
  const due = dueDates(days, { ...asked, calendar: 'calendar' });
  assert.deepEqual(
    due.map(({ date }) => date),
    ['2026-07-02', '2026-07-03', '2026-07-04', '2026-07-05', '2026-07-06'],
  );
  const saturday = dueDates(days.slice(0, 3), { ...asked, calendar: 'calendar' });
  assert.equal(saturday.at(-1)!.date, '2026-07-04');
});

test('a range of which nothing can be made says what its last window lacks', () => {
  const days = Array.from({ length: minimumHistory + 40 }, (_, index) => addDays('2023-07-01', index));
  const due = (start: string, end: string) => dueDates(days, { ...asked, calendar: 'calendar', start, end });
  const [short, long] = [
    due('2024-01-05', '2024-03-20'),
    due('2024-01-05', addDays('2023-07-01', minimumHistory + 39)),
  ];
  assert.equal(shortHistory(days, short), 'needs 1,095 rows before 2024-03-01, has 244');
  assert.equal(shortHistory(days, long), undefined, 'its last window has enough');
  assert.equal(shortHistory(days, []), undefined);
});

test('history is counted before the training date, not on it', () => {
  const days = Array.from({ length: minimumHistory }, (_, index) => addDays('2020-01-01', index));
  const next = addDays(days.at(-1)!, 1);
  assert.equal(hasHistory(days, next), true);
  assert.equal(hasHistory(days, days.at(-1)!), false);
  assert.equal(countBefore(days, '2019-01-01'), 0);
});

test('missing days read as ranges of neighbouring due dates, over weekends too', () => {
  assert.deepEqual(rangesOf(['2026-07-02', '2026-07-06', '2026-06-29'], week), [
    { first: '2026-06-29', last: '2026-06-29', dates: 1 },
    { first: '2026-07-02', last: '2026-07-06', dates: 2 },
  ]);
});
