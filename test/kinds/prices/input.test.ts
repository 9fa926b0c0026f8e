import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importKey, parseImportInput } from '../../../src/kinds/prices/input.ts';

test('a folder, a file and the sample have keys of their own', () => {
  assert.equal(importKey({ path: '/data/commodity/' }), 'prices/commodity');
  assert.equal(importKey({ path: '/data/oil.csv' }), 'prices/oil.csv');
  assert.equal(importKey({ sample: true }), 'prices/sample');
});

test('accepts a path or the sample, and the commodities of a path', () => {
  assert.deepEqual(parseImportInput({ path: '/data/oil.csv', commodities: ['OIL'], sample: false }), {
    ok: true,
    input: { path: '/data/oil.csv', commodities: ['OIL'] },
  });
  assert.deepEqual(parseImportInput({ sample: true }), { ok: true, input: { sample: true } });
});

test('to replace is asked for, and is no part of the key', () => {
  const parsed = parseImportInput({ path: '/data/oil.csv', replace: true });
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.input, { path: '/data/oil.csv', replace: true });
  assert.equal(importKey(parsed.input), 'prices/oil.csv');
  assert.deepEqual(parseImportInput({ path: '/x/oil', replace: false }), {
    ok: true,
    input: { path: '/x/oil' },
  });
});

for (const [what, raw, expected] of [
  ['nothing at all', {}, /give a path .* or sample: true/],
  ['two sources', { path: '/x/oil', sample: true }, /path and sample are two sources/],
  ['a path without a name', { path: '/x/..' }, /does not end in a name/],
  ['a path that would mix with the sample', { path: '/x/sample' }, /would mix with the generated series/],
  ['a list of no commodities', { path: '/x/oil', commodities: [] }, /commodities is empty/],
  [
    'a commodity that is a number',
    { path: '/x/oil', commodities: [1] },
    /commodities holds an item that is 1/,
  ],
  ['a misspelt field', { pth: '/x/oil' }, /unknown field "pth".*path/],
] as const) {
  test(`refuses ${what} in one line`, () => {
    const parsed = parseImportInput(raw);
    assert.ok(!parsed.ok);
    assert.match(parsed.message, expected);
    assert.doesNotMatch(parsed.message, /\n/);
  });
}

test('where its batch goes and what it may cost are taken, and are no part of its key', () => {
  const parsed = parseImportInput({ sample: true, engine: 'dataproc', budgetUsd: 5, partitions: 16 });
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.input, { sample: true, engine: 'dataproc', budgetUsd: 5, partitions: 16 });
  assert.equal(importKey(parsed.input), 'prices/sample');
});
