import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluationKey, evaluationUnits, parseEvaluationInput } from '../../../src/kinds/evaluation/input.ts';

test('the days that are evaluated end the day before the run date and leave none out', () => {
  assert.deepEqual(evaluationUnits('2025-06-30', 25).slice(4), [
    'days 2025-06-05..2025-06-14',
    'days 2025-06-15..2025-06-24',
    'days 2025-06-25..2025-06-29',
  ]);
  assert.deepEqual(evaluationUnits('2025-06-30', 1).slice(4), ['days 2025-06-29..2025-06-29']);
});

test('live days are evaluated like others', () => {
  const parsed = parseEvaluationInput({ dataset: 'live', days: 3 });
  assert.ok(parsed.ok);
  assert.equal(evaluationKey(parsed.input, '2026-11-20'), 'evaluate/live/2026-11-17..2026-11-19');
});

test('sixty days before the last day of June begin on the first of May', () => {
  const input = { dataset: 'files' as const, path: '/data/real', days: 60 };
  assert.equal(evaluationKey(input, '2025-06-30'), 'evaluate/files/real/2025-05-01..2025-06-29');
});

for (const [what, raw, expected] of [
  ['no days', { dataset: 'sample', date: '2026-01-31' }, /days is missing/],
  ['half a day', { dataset: 'sample', days: 0.5 }, /days is 0.5, but must be a whole number from 1/],
  ['a folder of the sample', { dataset: 'sample', path: '/x', days: 3 }, /path belongs to dataset "files"/],
  ['a folder of live data', { dataset: 'live', path: '/x', days: 3 }, /live data are fetched\. Leave it out/],
  ['a misspelt field', { dataset: 'sample', dayz: 3 }, /unknown field "dayz".*days/],
] as const) {
  test(`refuses ${what} in one line`, () => {
    const parsed = parseEvaluationInput(raw);
    assert.ok(!parsed.ok);
    assert.match(parsed.message, expected);
  });
}
