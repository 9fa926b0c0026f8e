import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesOf } from '../../src/commands/option-values.ts';

test('names come one by one, with commas, or both', () => {
  assert.deepEqual(namesOf(['age,', 'income,grade', 'region']), ['age', 'income', 'grade', 'region']);
});

test('a column whose name holds a comma can be named', () => {
  assert.deepEqual(namesOf(['income\\, net,age', 'a\\,b\\,c']), ['income, net', 'age', 'a,b,c']);
});
