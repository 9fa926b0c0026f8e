import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { holdsLock, lockHolder, tryLock, unlock } from '../../src/stack/lock.ts';
import { until } from '../support/until.ts';

test('of many that want the lock of a dead process at once, one gets it', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sevenfold-lock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'lock');
  writeFileSync(file, JSON.stringify({ pid: 1, startTime: 'long ago' }));
  assert.equal(lockHolder(file), undefined);
  const module = fileURLToPath(new URL('../../src/stack/lock.ts', import.meta.url));
  const code = `
    const { tryLock, holdsLock } = await import(${JSON.stringify(module)});
    const { appendFileSync } = await import('node:fs');
    const taken = tryLock(process.argv[1]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    appendFileSync(process.argv[1] + '.results', (taken && holdsLock(process.argv[1]) ? 'mine' : 'theirs') + '\\n');
    setInterval(() => {}, 1e6);
  `;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code, file], {
      stdio: 'inherit',
    }),
  );
  t.after(() => children.forEach((child) => child.kill('SIGKILL')));
  const results = await until('four answers', () => {
    try {
      const lines = readFileSync(`${file}.results`, 'utf8').trim().split('\n');
      return lines.length === 4 && lines;
    } catch {
      return undefined;
    }
  });
  assert.deepEqual(results.sort(), ['mine', 'theirs', 'theirs', 'theirs']);
  assert.equal(tryLock(file), false);
});

test('a lock is had again by its holder and free after it', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sevenfold-lock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'lock');
  assert.equal(tryLock(file), true);
  assert.equal(tryLock(file), true);
  assert.equal(holdsLock(file), true);
  unlock(file);
  assert.equal(lockHolder(file), undefined);
});
