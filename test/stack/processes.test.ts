import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import {
  descendantsOf,
  identify,
  isAlive,
  isSame,
  killTree,
  processInfo,
  processesMarked,
  treeRssBytes,
} from '../../src/stack/processes.ts';
import { until } from '../support/until.ts';

// A parent, a child in its group and one in a group of its own, which has a child again.
const family = `
  const { spawn } = require('node:child_process');
  const generations = Number(process.argv[1]);
  if (generations > 0) {
    spawn(process.execPath, ['-e', process.env.FAMILY, '0']);
    spawn(process.execPath, ['-e', process.env.FAMILY, String(generations - 1)], { detached: true });
  }
  setInterval(() => {}, 1e6);
`;

function start(t: TestContext, code: string, ...args: string[]): ChildProcess & { pid: number } {
  const child = spawn(process.execPath, ['-e', code, ...args], {
    stdio: 'ignore',
    env: { ...process.env, FAMILY: family, SEVENFOLD_TEST_MARK: `mark-${process.pid}` },
  });
  t.after(() => child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error('not started');
  return child as ChildProcess & { pid: number };
}

test('killTree ends children that made their own group and those that were stopped', async (t) => {
  const root = start(t, family, '2');
  const below = await until('a family of five', () => {
    const found = descendantsOf(root.pid);
    return found.length === 4 && found;
  });
  const [first, , , last] = below;
  process.kill(first?.pid ?? 0, 'SIGSTOP');
  process.kill(last?.pid ?? 0, 'SIGSTOP');
  const identity = identify(root.pid);
  assert.ok(identity);
  await killTree(identity);
  assert.deepEqual(
    [identity, ...below].filter((one) => isSame(one)),
    [],
  );
});

test('a child that lost its parent is still found by its mark', async (t) => {
  const root = start(t, family, '1');
  const below = await until('two children', () => {
    const found = descendantsOf(root.pid);
    return found.length === 2 && found;
  });
  root.kill('SIGKILL');
  await until('the parent is gone', () => !isAlive(root.pid));
  const marked = processesMarked('SEVENFOLD_TEST_MARK', (value) => value === `mark-${process.pid}`);
  assert.deepEqual(marked.map(({ pid }) => pid).sort(), below.map(({ pid }) => pid).sort());
  await Promise.all(marked.map((one) => killTree(one)));
});

test('a process of the same number that started at another time is not the same', async (t) => {
  const { pid } = start(t, 'setInterval(() => {}, 1e6)');
  const identity = identify(pid);
  assert.ok(identity && isSame(identity));
  const earlier = { pid, startTime: `${identity.startTime}0` };
  assert.equal(isSame(earlier), false);
  await killTree(earlier); // must leave the stranger alone
  assert.equal(isSame(identity), true);
});

test('a zombie counts as gone, a stopped process as running', async (t) => {
  // The shell starts a child and never asks how it ended.
  const shell = spawn('/bin/sh', ['-c', 'sleep 0.01 & exec sleep 1000'], { stdio: 'ignore' });
  t.after(() => shell.kill('SIGKILL'));
  const zombie = await until('a zombie', () => descendantsOf(shell.pid ?? 0).find((info) => info.zombie));
  assert.equal(isAlive(zombie.pid), false);
  const { pid } = start(t, 'setInterval(() => {}, 1e6)');
  process.kill(pid, 'SIGSTOP');
  await until('it is stopped', () => processInfo(pid)?.stopped);
  assert.equal(isAlive(pid), true);
});

test('memory and CPU time of a process are what it uses', async (t) => {
  const child = start(
    t,
    'const held = Buffer.alloc(200e6, 1); const end = Date.now() + 300; while (Date.now() < end); setInterval(() => held, 1e6)',
  );
  await until('200 MB', () => treeRssBytes(child.pid) > 200e6);
  const info = await until('0.2 s of CPU', () => {
    const found = processInfo(child.pid);
    return found !== undefined && found.cpuSeconds > 0.2 && found;
  });
  assert.ok(info.rssBytes < 1e9 && info.cpuSeconds < 30);
});
