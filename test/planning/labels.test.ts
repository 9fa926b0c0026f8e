import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelsOf } from '../../src/planning/labels.ts';

for (const [what, value, expected] of [
  ['a fitting value stays as it is', 'sevenfold-1_x', 'sevenfold-1_x'],
  ['capitals become small', 'Jane', 'jane'],
  ['runs of other characters become one "-"', 'days 2025-01-01..02/x', 'days-2025-01-01-02-x'],
  ['other alphabets are other characters', 'Zoë', 'zo-'],
  ['empty is unknown', '', 'unknown'],
  ['nothing but signs is unknown', ' … ', 'unknown'],
  ['a long value is cut', 'x'.repeat(90), 'x'.repeat(63)],
] as const) {
  test(`label: ${what}`, () => assert.deepEqual(labelsOf({ unit: value }), { unit: expected }));
}

test('the keys of a batch stay as they are', () => {
  const labels = {
    'job-type': 'daily',
    job: 'pool_metrics',
    user: 'unknown',
    model: 'naive',
    'workflow-id': '0123abcd',
    attempt: '1',
    'managed-by': 'sevenfold',
  };
  assert.deepEqual(labelsOf(labels), labels);
});

test('a key is made to fit as a value is', () => {
  assert.deepEqual(Object.keys(labelsOf({ 'Job Type': 'a', ['k'.repeat(70)]: 'b' })), [
    'job-type',
    'k'.repeat(63),
  ]);
});

for (const [what, labels, message] of [
  ['a key that begins with a digit', { '1st': 'x' }, /Label "1st" must begin with a letter/],
  ['an empty key', { '': 'x' }, /Label "" must begin with a letter/],
  ['two keys that become one', { job: 'a', JOB: 'b' }, /Label "JOB" and another are both "job"/],
  [
    'more than 32',
    Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, 'x'])),
    /has 33 labels, but may have 32/,
  ],
] as const) {
  test(`labels: ${what} is refused`, () => {
    assert.throws(() => labelsOf(labels), { name: 'InvalidInput', message });
  });
}
