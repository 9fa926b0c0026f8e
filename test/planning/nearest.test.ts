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

test('never suggests the word that was refused, nor hides where two long names differ', () => {
  assert.equal(nearest('date', ['date', 'dates']), 'dates');
  const folder = 'files/a-folder-whose-name-is-longer-than-forty-characters-and-even-longer';
  const typed = `${folder}-2024`;
  assert.equal(suggestion(typed, [`${folder}-2025`, 'sample']), `Did you mean "${folder}-2025"?`);
});

test('of very many known words the first are named, with their number', () => {
  const names = Array.from({ length: 5_000 }, (_, index) => `files/folder-${index}`);
  const said = suggestion('colour', names);
  assert.ok(said.length < 500, String(said.length));
  assert.match(said, /^Known: files\/folder-0, .*, … \(5000 in all\)\.$/);
});

test('names all known words where none is near', () => {
  assert.equal(suggestion('colour', ['date', 'path']), 'Known: date, path.');
  assert.equal(suggestion('pth', ['date', 'path']), 'Did you mean "path"?');
});
