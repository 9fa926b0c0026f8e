import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excess, legible, shown } from '../../src/planning/legible.ts';

for (const [sent, seen] of [
  ['plain', 'plain'],
  ['a\nb\tc\r', 'a\\nb\\tc\\r'],
  ['zero\u0000byte', 'zero\\u{0}byte'],
  ['\u001b[2J', '\\u{1b}[2J'],
  ['right\u202eleft', 'right\\u{202e}left'],
  ['\ud800', '\\u{d800}'],
  ['ß, 价格, 🙂', 'ß, 价格, 🙂'],
] as const) {
  test(`${JSON.stringify(sent)} is shown as ${seen}`, () => assert.equal(legible(sent), seen));
}

test('text is clipped by characters, never in the middle of one', () => {
  assert.equal(legible('🙂'.repeat(80)), '🙂'.repeat(80));
  assert.equal(legible('🙂'.repeat(81)), `${'🙂'.repeat(77)}...`);
  assert.equal(legible('abcdefgh', 6), 'abc...');
});

test('a value is shown as JSON', () => {
  assert.equal(shown(undefined), 'missing');
  assert.equal(shown({ a: [1, 'x', null, true], b: {} }), '{"a":[1,"x",null,true],"b":{}}');
  assert.equal(shown('say "yes"'), '"say \\"yes\\""');
  assert.equal(shown(NaN), 'NaN');
  assert.equal(shown(3n), '3');
});

test('of a large or deep value only the beginning is looked at', { timeout: 2_000 }, () => {
  let deep: unknown = 1;
  for (let depth = 0; depth < 500_000; depth += 1) deep = { deeper: deep };
  assert.equal(shown(deep).length, 80);
  assert.equal(shown(new Array(10_000_000).fill(0)).length, 80);
  assert.equal(excess(deep), 'is nested deeper than 32 levels');
  assert.equal(excess(new Array(10_000_000).fill(0)), 'is larger than 1000000 characters');
  assert.equal(excess({ features: Array.from({ length: 20_000 }, (_, n) => `column_${n}`) }), undefined);
});
