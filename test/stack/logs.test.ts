import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { firstError } from '../../src/stack/last-words.ts';
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
  writeFileSync(file, '{"level":50,"msg":"no luck","err":{"message":"failed: the cause"}}\n', { flag: 'a' });
  assert.equal(lastWords(file, readFileSync(file, 'utf8').indexOf('{"level"')), 'no luck: failed: the cause');
  // If it had worked before, the last error counts: it survived the others.
  assert.equal(lastWords(file, from, { hadWorked: true }), 'no luck: failed: the cause');
});

for (const [what, output, reason] of [
  [
    'what initdb clears away',
    'creating directory /d ... ok\ninitdb: error: could not access directory "/d/base": Permission denied\ninitdb: removing contents of data directory "/d"\n',
    'initdb: error: could not access directory "/d/base": Permission denied',
  ],
  [
    "the end of Java's trace, and a warning before it",
    '26/11/27 21:00:01 WARN NativeCodeLoader: Unable to load native-hadoop library\nException in thread "main" java.lang.IllegalArgumentException: no such memory: 4x\n\tat org.apache.spark.A.b(A.scala:1)\nCaused by: java.lang.NumberFormatException: 4x\n\t... 3 more\n',
    'Exception in thread "main" java.lang.IllegalArgumentException: no such memory: 4x',
  ],
  [
    'the code that a Python trace shows',
    'Traceback (most recent call last):\n  File "/x.py", line 1, in <module>\n    raise ValueError("failed " + name)\nModuleNotFoundError: No module named \'pyspark\'\n',
    "ModuleNotFoundError: No module named 'pyspark'",
  ],
  [
    'the code that Node shows',
    "/a/b.ts:10\n    throw new Error('x');\n          ^\n\nError: the port is taken\n    at listen (net.js:1:1)\n\nNode.js v20.19.0\n",
    'Error: the port is taken',
  ],
  [
    "PostgreSQL's conclusions",
    '2026-11-27 21:00:00.123 UTC [7]  LOG:  could not bind IPv4 address "127.0.0.1": Address already in use\n2026-11-27 21:00:00.124 UTC [7]  FATAL:  could not create any TCP/IP sockets\n',
    '2026-11-27 21:00:00.123 UTC [7]  LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
  ],
] as const) {
  test(`the reason of a failed start is not ${what}`, () => assert.equal(firstError(output), reason));
}
