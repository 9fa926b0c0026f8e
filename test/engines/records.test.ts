import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { BatchRecords } from '../../src/engines/local/records.ts';
import { markOf } from '../../src/stack/ending.ts';
import { markVariable } from '../../src/stack/ownership.ts';
import { identify } from '../../src/stack/processes.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';
import { probe } from './support.ts';
import { until } from '../support/until.ts';

function folders(t: TestContext): { original: string; copy: string } {
  const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'sevenfold-records-')));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  return { original: path.join(home, 'original'), copy: path.join(home, 'copy') };
}

function sleeper(t: TestContext, env: NodeJS.ProcessEnv = {}): ProcessIdentity {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  const identity = identify(child.pid ?? 0);
  assert.ok(identity);
  return identity;
}

/** As a job's process makes itself known (spark/sevenfold_jobs/common/processes.py). */
function register(records: BatchRecords, batchId: string, { pid, startTime }: ProcessIdentity): void {
  const pids = path.join(records.directory(batchId), 'pids');
  mkdirSync(pids, { recursive: true });
  writeFileSync(path.join(pids, String(pid)), startTime);
}

test('the processes of a batch that runs in the original are not those of its copy', (t) => {
  const { original, copy } = folders(t);
  const records = new BatchRecords(original);
  const request = probe({ do: 'wait' });
  const [driver, task] = [sleeper(t), sleeper(t)];
  records.update({ ...records.create(request), state: 'RUNNING', driver });
  register(records, request.batchId, task);
  cpSync(original, copy, { recursive: true });

  const theirs = new BatchRecords(original);
  const pids = theirs.processesOf(theirs.get(request.batchId)!).map(({ pid }) => pid);
  assert.deepEqual(pids.sort(), [driver.pid, task.pid].sort());
  const ours = new BatchRecords(copy);
  assert.equal(ours.get(request.batchId)?.state, 'RUNNING');
  assert.deepEqual(ours.processesOf(ours.get(request.batchId)!), []);
});

test('of a batch that an older version noted, only processes with the mark of this stack are ended', async (t) => {
  const { original, copy } = folders(t);
  const records = new BatchRecords(original);
  const request = probe({ do: 'wait' });
  const driver = sleeper(t, { [markVariable]: markOf(original, 'spark') });
  const { stateFolder: _, ...record } = records.create(request);
  records.update({ ...record, state: 'RUNNING', driver });
  cpSync(original, copy, { recursive: true });
  const found = (folder: string): number[] => {
    const read = new BatchRecords(folder);
    return read.processesOf(read.get(request.batchId)!).map(({ pid }) => pid);
  };
  await until('its environment can be read', () => found(original).length === 1);
  assert.deepEqual(found(copy), []);
});
