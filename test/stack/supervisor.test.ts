import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { markOf } from '../../src/stack/ending.ts';
import { markVariable } from '../../src/stack/ownership.ts';
import { descendantsOf, isSame, processesMarked, processInfo } from '../../src/stack/processes.ts';
import { readStack, stackStatus, takeDown, wipe } from '../../src/stack/stack.ts';
import type { Stack } from '../../src/stack/stack.ts';
import { kill9, partOf, testStack } from '../support/stack.ts';
import type { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

function supervisorOf(stack: Stack): { pid: number; startTime: string } {
  assert.ok(stack.supervisor);
  return stack.supervisor;
}

/** Everything that runs for the stack, whoever its parent is now. */
function processesOf({ place }: TestStack): number[] {
  const mark = markOf(place.stateFolder, '');
  return processesMarked(markVariable, (value) => value.startsWith(mark)).map(({ pid }) => pid);
}

/** The same without the supervisor and what its TypeScript loader may have started. */
function processesOfParts({ place }: TestStack): number[] {
  const marks = ['spark', 'worker'].map((part) => markOf(place.stateFolder, part));
  return processesMarked(markVariable, (value) => marks.includes(value)).map(({ pid }) => pid);
}

test('a new supervisor adopts what survived the kill -9 of the old one', async (t) => {
  const stack = testStack(t, ['spark', 'worker']);
  const before = await stack.up();
  await kill9(supervisorOf(before));
  const after = await stack.up();
  assert.notDeepEqual(supervisorOf(after), supervisorOf(before));
  assert.deepEqual(partOf(after, 'worker'), partOf(before, 'worker'));
  assert.deepEqual(partOf(after, 'spark'), partOf(before, 'spark'));
  // Adopted and watched: it is no child of the new supervisor, which must see its death all the same.
  await kill9(partOf(after, 'worker'));
  const again = await stack.up();
  assert.notDeepEqual(partOf(again, 'worker'), partOf(before, 'worker'));
});

test('a killed part is replaced by one, and nothing of the killed one stays', async (t) => {
  const stack = testStack(t, ['worker']);
  const before = await stack.up();
  const worker = partOf(before, 'worker');
  const [child] = await until('its child', () => {
    const found = descendantsOf(worker.pid);
    return found.length > 0 && found;
  });
  assert.ok(child);
  await kill9(worker);
  const status = await until('it is replaced', () => {
    const found = stackStatus(stack.place.stateFolder);
    return found?.parts.every((part) => part.state === 'running' && part.restarts === 1) && found;
  });
  assert.match(status.parts[0]?.lastError ?? '', /^worker ended by SIGKILL/);
  assert.equal(isSame(child), false);
  await until('one worker and its child', () => processesOfParts(stack).length === 2);
});

test('two that start the stack at once get one supervisor and one of each part', async (t) => {
  const stack = testStack(t, ['spark', 'worker']);
  const [one, two, three] = await Promise.all([stack.up(), stack.up(), stack.up()]);
  assert.deepEqual(supervisorOf(one), supervisorOf(two));
  assert.deepEqual(supervisorOf(one), supervisorOf(three));
  // Two parts and a child of each.
  await until('four processes', () => processesOfParts(stack).length === 4);
});

test('a stopped supervisor is replaced', async (t) => {
  const stack = testStack(t, ['worker']);
  const before = await stack.up();
  process.kill(supervisorOf(before).pid, 'SIGSTOP');
  await until('it is stopped', () => processInfo(supervisorOf(before).pid)?.stopped);
  const after = await stack.up();
  assert.notDeepEqual(supervisorOf(after), supervisorOf(before));
  assert.deepEqual(partOf(after, 'worker'), partOf(before, 'worker'));
});

test('changed code replaces what runs it', async (t) => {
  const stack = testStack(t, ['worker']);
  const code = path.join(stack.place.checkout, 'src', 'some.ts');
  mkdirSync(path.dirname(code));
  writeFileSync(code, 'one');
  const before = await stack.up();
  assert.deepEqual(partOf(await stack.up(), 'worker'), partOf(before, 'worker'));
  writeFileSync(code, 'two');
  const after = await stack.up();
  assert.notDeepEqual(partOf(after, 'worker'), partOf(before, 'worker'));
  assert.notDeepEqual(supervisorOf(after), supervisorOf(before));
  assert.equal(isSame(partOf(before, 'worker')), false);
  assert.ok(stack.said.includes('the code has changed: restarting what runs it'));
});

test('down leaves no process, with or without a supervisor, and up brings the same addresses', async (t) => {
  const stack = testStack(t, ['spark', 'worker']);
  const first = await stack.up();
  await until('four processes', () => processesOfParts(stack).length === 4);
  await takeDown(stack.place, () => undefined);
  assert.deepEqual(processesOf(stack), []);
  assert.deepEqual(
    readStack(stack.place.stateFolder)?.parts.map((part) => part.state),
    ['stopped', 'stopped'],
  );
  const second = await stack.up();
  assert.equal(second.databaseUrl, first.databaseUrl);
  await kill9(supervisorOf(second));
  await takeDown(stack.place, () => undefined);
  assert.deepEqual(processesOf(stack), []);
});

test('SIGTERM to the supervisor ends the stack', async (t) => {
  const stack = testStack(t, ['spark', 'worker']);
  const before = await stack.up();
  process.kill(supervisorOf(before).pid, 'SIGTERM');
  await until('nothing runs', () => processesOf(stack).length === 0);
});

test('wipe leaves what set-up made and nothing else', async (t) => {
  const stack = testStack(t, ['worker']);
  await stack.up();
  await wipe(stack.place, () => undefined);
  assert.equal(existsSync(path.join(stack.place.stateFolder, 'toolchain.json')), true);
  for (const gone of ['stack.json', 'addresses.json', 'parts', 'logs']) {
    assert.equal(existsSync(path.join(stack.place.stateFolder, gone)), false, gone);
  }
});

test('a part that does not come up is named with its own last words', async (t) => {
  const stack = testStack(t, ['failing']);
  await assert.rejects(stack.up(), {
    name: 'Infrastructure',
    message: /^failing does not come up: failing exit code 1: Error: no luck today \(log: .*failing\.log\)$/,
  });
});

test('finding the stack up costs next to nothing', async (t) => {
  const stack = testStack(t, ['worker']);
  const first = await stack.up();
  stack.said.length = 0;
  const again = await stack.up();
  assert.deepEqual(again, first);
  assert.deepEqual(stack.said, []);
});
