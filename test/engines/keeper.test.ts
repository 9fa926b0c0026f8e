import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { readConfig } from '../../src/config.ts';
import { createLocalEngine } from '../../src/engines/local/client.ts';
import { keeperSocket } from '../../src/engines/local/protocol.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { testDatabase } from '../support/postgres.ts';
import { arm, ended, halted, probe, read, run, startKeeper, type TestKeeper } from './support.ts';
import { until } from '../support/until.ts';

let keeper: TestKeeper;
before(() => {
  keeper = startKeeper();
});
after(() => keeper.stop());

test('a batch submitted twice under one id starts once', async () => {
  const request = probe({ do: 'answer' });
  const [first] = await Promise.all([
    keeper.engine.create(request, {}),
    keeper.engine.create(request, {}),
    keeper.engine.create({ ...request, input: { do: 'fail' } }, {}),
  ]);
  assert.equal(first.state, 'PENDING');
  const seen = await ended(keeper.engine, request.batchId);
  assert.equal(seen.state, 'SUCCEEDED');
  assert.deepEqual(seen.labels, { 'run-id': 'r' });
  assert.equal((await keeper.engine.create(request, {})).state, 'SUCCEEDED');
  assert.equal(
    read(path.join(keeper.directory(request.batchId), 'starts'))
      ?.trim()
      .split('\n').length,
    1,
  );
});

test('the JVM takes its classes from the archive that set-up wrote', async () => {
  const archive = locateToolchain(readConfig().stateFolder).classArchives.local;
  assert.ok(archive !== undefined && existsSync(archive), String(archive));
  const seen = await run(keeper.engine, probe({ do: 'answer' }));
  assert.equal(seen.state, 'SUCCEEDED');
  const { pid } = (await keeper.engine.health()).jvm;
  assert.ok(readFileSync(`/proc/${pid}/maps`, 'utf8').includes(archive));
});

test('a batch goes on without the client that made it, and another one adopts it', async () => {
  arm(keeper, 'probe-running');
  const request = probe({ do: 'hold' });
  const mayfly = createLocalEngine({ socketPath: keeperSocket(keeper.stateFolder) });
  await mayfly.create(request, {});
  await halted(keeper, 'probe-running');
  const given = new AbortController();
  const watched = mayfly.lookForChange(request.batchId, 'RUNNING', 60_000, given.signal);
  given.abort();
  assert.equal((await watched)?.state, 'RUNNING');
  await mayfly.close();
  writeFileSync(path.join(keeper.failpoints, 'probe-running.go'), '');
  assert.equal((await ended(keeper.engine, request.batchId)).state, 'SUCCEEDED');
});

test('an expected failure arrives as its type and one line', async () => {
  const seen = await run(keeper.engine, probe({ do: 'refuse' }));
  assert.deepEqual(
    [seen.state, seen.errorType, seen.message],
    ['FAILED', 'InvalidInput', 'pools.csv, line 7: tvl is negative.'],
  );
});

test("an exception arrives as JobFailed in one line, its trace stays in the batch's log", async () => {
  const request = probe({ do: 'fail' });
  const seen = await run(keeper.engine, request);
  assert.deepEqual([seen.errorType, seen.message], ['JobFailed', 'ZeroDivisionError: division by zero']);
  assert.match(read(path.join(keeper.directory(request.batchId), 'driver.log')) ?? '', /Traceback/);
});

test('an exception inside a Spark task arrives as that exception', async () => {
  const seen = await run(keeper.engine, probe({ do: 'fail_in_task' }));
  assert.deepEqual([seen.errorType, seen.message], ['JobFailed', 'ZeroDivisionError: division by zero']);
});

test('a job that leaves without an outcome fails with its last words', async () => {
  const seen = await run(keeper.engine, probe({ do: 'leave', code: 7 }));
  assert.equal(seen.errorType, 'JobFailed');
  assert.match(seen.message ?? '', /exit code 7.*the last words/);
});

test('a job that does not exist is refused by name', async () => {
  const seen = await run(keeper.engine, probe({}, { job: 'pool_metricks' }));
  assert.equal(seen.errorType, 'InvalidInput');
  assert.match(seen.message ?? '', /no job "pool_metricks"/);
});

test('every batch is a process of its own, with its own result, usage and times', async () => {
  const [one, two] = [
    await run(keeper.engine, probe({ do: 'answer' })),
    await run(keeper.engine, probe({ do: 'answer' })),
  ];
  assert.notEqual(one.result?.['pid'], two.result?.['pid']);
  assert.deepEqual(one.result?.['fence'], { runId: 'r', unit: 'u', attempt: 1, fingerprint: 'f' });
  assert.ok(one.usage && one.usage.seconds > 0 && one.usage.peakMb > 0);
  assert.ok(one.startedAt && one.finishedAt && one.startedAt <= one.finishedAt);
});

test('code that changed after the keeper started is what runs', async (t) => {
  const jobs = path.join(readConfig().checkout, 'spark', 'tests', 'jobs', 'sevenfold_jobs');
  const copy = path.join(jobs, `changing_${process.pid}`);
  t.after(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(path.join(jobs, 'probe'), copy, { recursive: true });
  const job = path.basename(copy);
  await run(keeper.engine, probe({ do: 'answer' }, { job }));
  appendFileSync(path.join(copy, 'main.py'), '\n\ndef run(batch):\n    return {"changed": True}\n');
  assert.deepEqual((await run(keeper.engine, probe({ do: 'answer' }, { job }))).result, { changed: true });
});

test('waiting batches start by priority, then in the order they came', async () => {
  arm(keeper, 'probe-running');
  const first = probe({ do: 'hold' }, { priority: 5 });
  const rest = [5, 1, 5, 1].map((priority) => probe({ do: 'answer' }, { priority }));
  await keeper.engine.create(first, {});
  await halted(keeper, 'probe-running');
  for (const request of rest) await keeper.engine.create(request, {});
  writeFileSync(path.join(keeper.failpoints, 'probe-running.go'), '');
  const seen = await Promise.all(rest.map((request) => ended(keeper.engine, request.batchId)));
  const order = seen
    .map((batch, index) => ({ index, at: batch.startedAt ?? '' }))
    .sort((a, b) => a.at.localeCompare(b.at))
    .map(({ index }) => index);
  assert.deepEqual(order, [1, 3, 0, 2]);
});

test('isolated and warm give the same, through Python tasks too', async () => {
  const warm = await run(keeper.engine, probe({ do: 'sum' }));
  const isolated = probe({ do: 'sum' }, { isolated: true });
  const alone = await run(keeper.engine, isolated);
  assert.deepEqual(warm.result, { total: 499_500, tasks: 2 });
  assert.deepEqual(alone.result, warm.result);
  assert.ok(!existsSync(path.join(keeper.directory(isolated.batchId), 'spark')));
});

test('what a batch caches in the shared JVM is gone before the next', async () => {
  assert.deepEqual((await run(keeper.engine, probe({ do: 'cache' }))).result, { before: 0, after: 1 });
  assert.deepEqual((await run(keeper.engine, probe({ do: 'cache' }))).result, { before: 0, after: 1 });
});

test('progress is in the ledger while the batch runs', async (t) => {
  const databaseUrl = await testDatabase(t);
  const request = probe({ do: 'progress' });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `with run as (
       insert into runs (key, kind, dataset, workflow_id, workflow_run_id, input)
       values ('k', 'dailyPipeline', 'd', 'w', 'r', '{}') returning run_id)
     insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request, workflow_id,
                          workflow_run_id)
     select $1, run_id, 'u', 1, 'probe', 'local', 1, 'SUBMITTED', '{}', 'w', 'r' from run`,
    [request.batchId],
  );
  arm(keeper, 'probe-running');
  await keeper.engine.create(request, { DATABASE_URL: databaseUrl });
  await halted(keeper, 'probe-running');
  const { rows } = await client.query("select progress - 'at' as progress from batches");
  await client.end();
  assert.deepEqual(rows, [{ progress: { done: 3, total: 4, note: 'pools' } }]);
  writeFileSync(path.join(keeper.failpoints, 'probe-running.go'), '');
  assert.equal((await ended(keeper.engine, request.batchId)).state, 'SUCCEEDED');
});

test('secrets are in no file of the batch', async () => {
  const request = probe({ do: 'answer' });
  await run(keeper.engine, request, {
    DATABASE_URL: 'postgresql://u:hushhush@127.0.0.1/x',
    TOKEN: 'hushhush',
  });
  const directory = keeper.directory(request.batchId);
  for (const file of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (file.isFile())
      assert.doesNotMatch(read(path.join(file.parentPath, file.name)) ?? '', /hushhush/, file.name);
  }
  assert.doesNotMatch(read(path.join(keeper.stateFolder, 'keeper.log')) ?? '', /hushhush/);
});

test('a second keeper for the same state folder refuses and names the first', async () => {
  const first = keeper.process();
  keeper.start();
  const second = keeper.process();
  try {
    const code = await new Promise((resolve) => second.once('exit', resolve));
    assert.equal(code, 1);
    const log = await until(
      'it said why',
      () =>
        /Process (\d+) already serves/.exec(read(path.join(keeper.stateFolder, 'keeper.log')) ?? '') ??
        undefined,
    );
    assert.equal(Number(log[1]), first.pid);
    assert.equal((await keeper.engine.health()).pid, first.pid);
  } finally {
    keeper.adopt(first);
  }
});

test('an engine without a keeper says so after its patience', async () => {
  const engine = createLocalEngine({
    socketPath: path.join(keeper.stateFolder, 'none.sock'),
    patienceMs: 200,
  });
  await assert.rejects(engine.create(probe({}), {}), {
    type: 'Infrastructure',
    message: /does not answer at .*none.sock/,
  });
});
