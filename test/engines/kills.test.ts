import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { readdirSync } from 'node:fs';
import { isSame, processInfo, waitUntilGone, type ProcessIdentity } from '../../src/stack/processes.ts';
import { arm, ended, halted, probe, read, run, startKeeper, type TestKeeper } from './support.ts';
import { until } from '../support/until.ts';

// One keeper through all kinds of deaths, its own last: each test begins with whatever the one before has left of it.
let keeper: TestKeeper;
before(() => {
  keeper = startKeeper({ slots: 2 });
});
after(() => keeper.stop());

/** The processes that Spark forked for the batch's tasks, once there are two. */
async function tasksOf(batchId: string): Promise<ProcessIdentity[]> {
  return until(`two tasks of ${batchId} have registered`, () => {
    const folder = path.join(keeper.directory(batchId), 'pids');
    const tasks = registered(folder);
    return tasks.length === 2 ? tasks : undefined;
  });
}

function registered(folder: string): ProcessIdentity[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), startTime: read(path.join(folder, name)) ?? '' }));
  } catch {
    return [];
  }
}

async function driverOf(batchId: string): Promise<ProcessIdentity> {
  return until(`${batchId} has a process`, () => {
    const state = read(path.join(keeper.directory(batchId), 'state.json'));
    return state ? (JSON.parse(state) as { driver?: ProcessIdentity }).driver : undefined;
  });
}

test('a cancel ends a stopped job and its stopped tasks, and answers when they are gone', async () => {
  const request = probe({ do: 'wait_in_tasks' });
  await keeper.engine.create(request, {});
  const tasks = await tasksOf(request.batchId);
  const processes = [await driverOf(request.batchId), ...tasks];
  for (const { pid } of processes) process.kill(pid, 'SIGSTOP');
  const seen = await keeper.engine.cancel(request.batchId);
  assert.deepEqual(
    processes.map((one) => isSame(one)),
    [false, false, false],
  );
  assert.deepEqual([seen?.state, seen?.errorType], ['CANCELLED', 'Cancelled']);
  const next = await run(keeper.engine, probe({ do: 'sum' }));
  assert.equal(next.state, 'SUCCEEDED');
  assert.equal((await keeper.engine.health()).jvm.starts, 1);
});

test('a cancel of a waiting batch keeps it from starting; an ended or unknown one is left as it is', async () => {
  arm(keeper, 'probe-running');
  const holding = [probe({ do: 'wait' }), probe({ do: 'wait' })];
  for (const request of holding) await keeper.engine.create(request, {});
  const waiting = probe({ do: 'answer' });
  await keeper.engine.create(waiting, {});
  await halted(keeper, 'probe-running');
  assert.equal((await keeper.engine.cancel(waiting.batchId))?.state, 'CANCELLED');
  await Promise.all(holding.map((request) => keeper.engine.cancel(request.batchId)));
  assert.equal(read(path.join(keeper.directory(waiting.batchId), 'starts')), undefined);
  const done = await run(keeper.engine, probe({ do: 'answer' }));
  assert.equal((await keeper.engine.cancel(done.batchId))?.state, 'SUCCEEDED');
  assert.equal(await keeper.engine.cancel('sf-probe-unknown'), undefined);
});

test('the hard limit ends a batch with its tasks', async () => {
  const request = probe({ do: 'wait_in_tasks' }, { timeoutMs: 4_000 });
  await keeper.engine.create(request, {});
  const tasks = await tasksOf(request.batchId);
  const seen = await ended(keeper.engine, request.batchId);
  assert.deepEqual(
    [seen.state, seen.errorType, seen.message],
    ['TIMED_OUT', 'TimedOut', 'It ran longer than its limit of 4 s and was ended.'],
  );
  assert.deepEqual(tasks.map(isSame), [false, false]);
});

test('a job whose process is killed fails as Infrastructure and leaves no task', async () => {
  const request = probe({ do: 'wait_in_tasks' });
  await keeper.engine.create(request, {});
  const tasks = await tasksOf(request.batchId);
  process.kill((await driverOf(request.batchId)).pid, 'SIGKILL');
  const seen = await ended(keeper.engine, request.batchId);
  assert.deepEqual([seen.errorType, seen.message], ['Infrastructure', 'Its process was killed (SIGKILL).']);
  assert.deepEqual(tasks.map(isSame), [false, false]);
});

test('when the JVM is killed, what runs in it fails as Infrastructure and the next batch has another', async () => {
  const request = probe({ do: 'wait_in_tasks' });
  await keeper.engine.create(request, {});
  const tasks = await tasksOf(request.batchId);
  const before = await keeper.engine.health();
  process.kill(before.jvm.pid!, 'SIGKILL');
  const seen = await ended(keeper.engine, request.batchId);
  assert.equal(seen.errorType, 'Infrastructure');
  assert.match(seen.message ?? '', /shared JVM.*SIGKILL/);
  assert.ok(await waitUntilGone(tasks, 5_000));
  assert.deepEqual((await run(keeper.engine, probe({ do: 'sum' }))).result, { total: 499_500, tasks: 2 });
  const { jvm } = await keeper.engine.health();
  assert.notEqual(jvm.pid, before.jvm.pid);
  assert.equal(jvm.replaced.died, before.jvm.replaced.died + 1);
});

test('a job that fills the memory of the JVM fails as OutOfMemory, the next batch runs', async () => {
  const seen = await run(keeper.engine, probe({ do: 'fill_memory' }));
  assert.deepEqual([seen.state, seen.errorType], ['FAILED', 'OutOfMemory']);
  assert.equal((await run(keeper.engine, probe({ do: 'sum' }))).state, 'SUCCEEDED');
});

test('when the process that forks the jobs is killed, its jobs fail and the next batch runs', async () => {
  arm(keeper, 'probe-running');
  const request = probe({ do: 'wait' });
  await keeper.engine.create(request, {});
  const job = await halted(keeper, 'probe-running');
  process.kill((await keeper.engine.health()).runner.pid!, 'SIGKILL');
  const seen = await ended(keeper.engine, request.batchId);
  assert.equal(seen.errorType, 'Infrastructure');
  assert.ok(await waitUntilGone([job], 5_000));
  assert.equal((await run(keeper.engine, probe({ do: 'answer' }))).state, 'SUCCEEDED');
});

test('a killed keeper leaves no process; the next one knows what ended and what did not', async () => {
  const done = await run(keeper.engine, probe({ do: 'answer' }));
  const running = probe({ do: 'wait_in_tasks' });
  const stopped = probe({ do: 'wait' });
  const waiting = probe({ do: 'answer' });
  arm(keeper, 'probe-running');
  for (const request of [running, stopped, waiting]) await keeper.engine.create(request, {});
  const tasks = await tasksOf(running.batchId);
  // What is stopped cannot end with its keeper: the next one has to do it.
  const sleeper = await halted(keeper, 'probe-running');
  process.kill(sleeper.pid, 'SIGSTOP');
  const processes = [...keeper.everyProcess(), ...tasks];

  keeper.process().kill('SIGKILL');
  assert.ok(
    await waitUntilGone(
      processes.filter(({ pid }) => pid !== sleeper.pid),
      15_000,
    ),
  );
  assert.ok(isSame(sleeper), 'the stopped job should still be there');
  keeper.start();

  assert.deepEqual(await keeper.engine.look(done.batchId), done);
  for (const { batchId } of [running, stopped, waiting]) {
    const seen = await keeper.engine.look(batchId);
    assert.deepEqual([seen?.state, seen?.errorType], ['FAILED', 'Infrastructure'], batchId);
    assert.match(seen?.message ?? '', /keeper ended while the batch was (RUNNING|PENDING)/);
  }
  assert.equal(isSame(sleeper), false);
  const known = (await keeper.engine.list()).map((batch) => batch.batchId);
  assert.ok([done, running, stopped, waiting].every(({ batchId }) => known.includes(batchId)));
  assert.equal((await run(keeper.engine, probe({ do: 'sum' }))).state, 'SUCCEEDED');
  assert.ok(processInfo(keeper.process().pid!));
});
