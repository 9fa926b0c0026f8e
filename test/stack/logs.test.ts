import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { lastWords, openLog, rotate } from '../../src/stack/logs.ts';

function logIn(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sevenfold-logs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return path.join(folder, 'part.log');
}

test('a log is rotated under a process that holds it open, and three old ones are kept', (t) => {
  const file = logIn(t);
  const fd = openLog(file);
  t.after(() => closeSync(fd));
  for (let round = 1; round <= 5; round++) {
    writeSync(fd, `round ${round} ${'x'.repeat(100)}\n`);
    rotate(file, 100);
  }
  writeSync(fd, 'now\n');
  assert.equal(readFileSync(file, 'utf8'), 'now\n');
  assert.deepEqual(
    [1, 2, 3].map((age) => readFileSync(`${file}.${age}`, 'utf8').slice(0, 7)),
    ['round 5', 'round 4', 'round 3'],
  );
  assert.equal(existsSync(`${file}.4`), false);
});

test('the last words of a process are its error, not the stack below it nor what an earlier one said', (t) => {
  const file = logIn(t);
  writeFileSync(file, 'FATAL: an old story\n');
  const from = readFileSync(file).length;
  writeFileSync(
    file,
    'starting\nError: the disk is full\n    at write (file.js:1:1)\n    at main (file.js:2:2)\n\nNode.js v20.19.0\n',
    { flag: 'a' },
  );
  assert.equal(lastWords(file, from), 'Error: the disk is full');
  writeFileSync(file, '{"level":50,"msg":"no luck","err":{"message":"the cause"}}\n', { flag: 'a' });
  assert.equal(lastWords(file, readFileSync(file, 'utf8').indexOf('{"level"')), 'no luck: the cause');
});
