import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest, suggestion } from '../../src/planning/nearest.ts';

const fields = ['dataset', 'date', 'path', 'parity', 'force', 'forcePhases', 'portfolio'];

for (const [misspelt, meant] of [
  ['datset', 'dataset'],
  ['dtae', 'date'],
  ['Date', 'date'],
  ['force_phases', 'forcePhases'],
  ['forcePhase', 'forcePhases'],
  ['pairty', 'parity'],
  ['portfolo', 'portfolio'],
] as const) {
  test(`finds ${meant} behind ${misspelt}`, () => assert.equal(nearest(misspelt, fields), meant));
}

for (const word of ['colour', 'x', '', '✓✓✓', 'constructor']) {
  test(`does not guess from "${word}"`, () => assert.equal(nearest(word, fields), undefined));
}

test('a tie goes to the first known word, so that the message never changes', () => {
  assert.equal(nearest('bat', ['cat', 'hat']), 'cat');
});

test('a word of a million letters costs nothing', { timeout: 2_000 }, () => {
  assert.equal(nearest('a'.repeat(1_000_000), fields), undefined);
});

test('names all known words where none is near', () => {
  assert.equal(suggestion('colour', ['date', 'path']), 'Known: date, path.');
  assert.equal(suggestion('pth', ['date', 'path']), 'Did you mean "path"?');
});
