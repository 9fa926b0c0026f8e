import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { markOf } from '../../src/stack/ending.ts';
import { markVariable } from '../../src/stack/ownership.ts';
import { processesMarked } from '../../src/stack/processes.ts';
import { stackStatus, takeDown, wipe } from '../../src/stack/stack.ts';
import { kill9, partOf, testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

/** A stack on a disk of its own, of two megabytes. */
function onSmallDisk(t: TestContext, parts: string[]): TestStack {
  const disk = realpathSync(mkdtempSync(path.join(tmpdir(), 'sevenfold-disk-')));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
  const home = path.join(disk, 'home');
  mkdirSync(home);
  const stack = testStack(t, parts, home);
  t.after(() => {
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  });
  return stack;
}

function fill({ place }: TestStack): void {
  const rubbish = path.join(place.checkout, 'rubbish');
  for (const bytes of [65_536, 4_096, 1]) {
    try {
      for (;;) writeFileSync(rubbish, Buffer.alloc(bytes), { flag: 'a' });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
}

function processesOf({ place }: TestStack): number[] {
  const mark = markOf(place.stateFolder, '');
  return processesMarked(markVariable, (value) => value.startsWith(mark)).map(({ pid }) => pid);
}

// Only root on Linux can make such a disk.
if (process.platform === 'linux' && process.getuid?.() === 0) {
  test('on a full disk the supervisor lives on, `down` ends all and `down --wipe` makes room', async (t) => {
    const stack = onSmallDisk(t, ['spark', 'worker']);
    const { stateFolder } = stack.place;
    const before = await stack.up();
    fill(stack);
    // A part that dies makes the supervisor write what it cannot.
    await kill9(partOf(before, 'worker'));
    const { supervisor } = before;
    assert.ok(supervisor);
    await until('the supervisor noticed', () => processesOf(stack).length !== 5);
    assert.ok(processesOf(stack).includes(supervisor.pid));
    await takeDown(stack.place, () => undefined);
    assert.deepEqual(processesOf(stack), []);
    assert.equal(stackStatus(stateFolder)?.supervisor ?? null, null);
    await wipe(stack.place, () => undefined);
    assert.deepEqual(
      readdirSync(stateFolder).filter((name) => !/^(toolchain\.json|setup.*)$/.test(name)),
      [],
    );
    rmSync(path.join(stack.place.checkout, 'rubbish'));
    assert.ok((await stack.up()).supervisor);
  });

  test('on a full disk `down` ends what a dead supervisor left', async (t) => {
    const stack = onSmallDisk(t, ['spark', 'worker']);
    const { supervisor } = await stack.up();
    fill(stack);
    assert.ok(supervisor);
    await kill9(supervisor);
    assert.ok(processesOf(stack).length > 0);
    await takeDown(stack.place, () => undefined);
    assert.deepEqual(processesOf(stack), []);
    assert.equal(existsSync(path.join(stack.place.stateFolder, 'up.lock')), false);
  });
}
