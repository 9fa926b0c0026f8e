import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { cancelBatches } from '../../src/activities/end-batches.ts';
import { createActivities } from '../../src/activities/index.ts';
import { heartbeat, whileBeating } from '../../src/activities/heartbeat.ts';
import { runBatch } from '../../src/activities/run-batch.ts';
import type { BatchOutcome } from '../../src/activities/run-batch.ts';
import { Failure } from '../../src/failures.ts';
import type { FailureType } from '../../src/failures.ts';
import { readBatches } from '../../src/ledger/batches.ts';
import { noteChunkFailure, readOpenUnits, skipDates } from '../../src/ledger/chunks.ts';
import { reads } from '../../src/kinds/daily/reads.ts';
import { beginAttempt, layOutUnits } from '../../src/ledger/units.ts';
import { lastAttempt } from '../../src/planning/retry.ts';
import { testDependencies } from '../support/daily-run.ts';
import { onlyEngine } from '../support/engines.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { claimedRun, notedBatch } from '../support/noted-batch.ts';

const day = '2026-01-31';

async function opened(t: TestContext, engine: FakeEngine): Promise<{ deps: Dependencies; runId: string }> {
  const deps = { ...(await testDependencies(t)), engines: onlyEngine(engine) };
  const { runId } = await claimedRun(deps.database, day, { engine: engine.name });
  await layOutUnits(deps.database, runId, ['metrics']);
  return { deps, runId };
}

async function send(deps: Dependencies, runId: string, attempt = 1): Promise<BatchOutcome> {
  const fence = await beginAttempt(deps.database, runId, 'metrics', 'f');
  const work = () => runBatch(deps, { fence, job: 'probe', input: {}, timeoutMs: 60_000 });
  return new MockActivityEnvironment({ attempt }).run<[], BatchOutcome, typeof work>(work);
}

test('only the files that are read decide whether a day is the same, and one that cannot be read is named', async (t) => {
  const deps = await testDependencies(t);
  const run = await claimedRun(deps.database, day);
  const path = join(deps.config.stateFolder, 'files');
  mkdirSync(path);
  writeFileSync(join(path, 'pools.csv'), 'pool_id\n');
  const digest = () => reads.ingest(deps, { ...run, input: { ...run.input, path } });
  const before = await digest();
  mkdirSync(join(path, 'old.csv'));
  symlinkSync('nowhere', join(path, 'notes.parquet'));
  assert.equal(await digest(), before, 'a folder and a dangling link that nobody reads');
  symlinkSync('gas_daily.csv', join(path, 'gas_daily.csv'));
  const { snapshotSettings: _, ...activities } = createActivities(deps);
  await layOutUnits(deps.database, run.runId, ['ingest']);
  await deps.database.query(
    `update runs set input = input || jsonb_build_object('path', $2::text) where run_id = $1`,
    [run.runId, path],
  );
  const begin = () =>
    activities.beginPhase({ runId: run.runId, phase: 'ingest', force: false, again: false });
  const reported: unknown = await new MockActivityEnvironment()
    .run<[], unknown, typeof begin>(begin)
    .catch((error: unknown) => error);
  assert.ok(reported instanceof ApplicationFailure);
  assert.deepEqual([reported.type, reported.nonRetryable], ['InvalidInput', true]);
  assert.match(
    reported.message,
    /gas_daily\.csv is a link that leads back to itself \(ELOOP\)\. Correct that, then start again\./,
  );
});

test('every activity has a last attempt, at which what could pass by itself is given up', async (t) => {
  const isFinalAt = async (type: FailureType, attempt: number): Promise<boolean | null | undefined> => {
    const deps = await testDependencies(t);
    const failing = {
      ...deps,
      database: new Proxy(deps.database, { get: () => () => Promise.reject(new Failure(type, 'gone')) }),
    };
    const { failPhase } = createActivities(failing);
    const work = () => failPhase({ runId: 'x', phase: 'metrics', reason: 'x' });
    const reported: unknown = await new MockActivityEnvironment({ attempt })
      .run<[], unknown, typeof work>(work)
      .catch((error: unknown) => error);
    assert.ok(reported instanceof ApplicationFailure);
    return reported.nonRetryable;
  };
  assert.equal(await isFinalAt('Infrastructure', lastAttempt - 1), false);
  assert.equal(await isFinalAt('Infrastructure', lastAttempt), true);
  assert.equal(await isFinalAt('NoSpace', 2), false);
  assert.equal(await isFinalAt('NoSpace', 3), true);
});

test('a message with a zero byte settles its batch like any other', async (t) => {
  const engine = new FakeEngine('local', () => ({
    state: 'FAILED',
    errorType: 'InvalidInput',
    message: 'prices.csv line 3: series "GOLDX\0" is unknown.',
    result: { said: '\0' },
  }));
  const { deps, runId } = await opened(t, engine);
  assert.equal((await send(deps, runId)).errorType, 'InvalidInput');
  const [batch] = await readBatches(deps.database, runId);
  assert.equal(batch?.state, 'FAILED');
  assert.match(batch.stateMessage ?? '', /GOLDX\u2400/);
});

test('dates that are skipped while their batch runs stay skipped, and their neighbours are sent again as if new', async (t) => {
  const { deps, runId } = await opened(t, new FakeEngine('local'));
  await deps.database.query(
    `insert into units (run_id, unit, kind, model_version, date, training_date, rows_due, chunk, attempt)
     select $1, 'naive/' || day, 'date', 'naive', day::date, day::date, 1, 1, 1
       from unnest('{2021-03-01,2021-03-02,2021-03-03}'::text[]) day`,
    [runId],
  );
  await skipDates(deps.database, runId, [{ first: '2021-03-02', last: '2021-03-02' }], 'a holiday');
  await noteChunkFailure(deps.database, runId, 1, { errorType: 'Fenced', message: 'overtaken' });
  const { rows } = await deps.database.query<{ verdict: string; tries: number }>(
    `select verdict, tries from units where run_id = $1 and kind = 'date' order by date`,
    [runId],
  );
  assert.deepEqual(
    rows.map(({ verdict, tries }) => [verdict, tries]),
    [
      ['missing', 0],
      ['skipped', 0],
      ['missing', 0],
    ],
  );
  const open = await readOpenUnits(deps.database, runId, 'date');
  assert.deepEqual(
    open.map(({ unit, failureType }) => [unit, failureType]),
    [
      ['naive/2021-03-01', null],
      ['naive/2021-03-03', null],
    ],
  );
});

test('a batch that cannot be created shows why, and after some tries its attempt ends instead of hanging', async (t) => {
  const engine = new FakeEngine('standalone', () => {
    throw new Failure('Infrastructure', 'The Spark master does not answer at http://m:8080.');
  });
  const { deps, runId } = await opened(t, engine);
  await assert.rejects(send(deps, runId), { type: 'Infrastructure' });
  const [waiting] = await readBatches(deps.database, runId);
  assert.deepEqual(
    [waiting?.state, waiting?.stateMessage],
    ['SUBMITTING', 'The Spark master does not answer at http://m:8080.'],
  );
  const outcome = await send(deps, runId, 8);
  assert.deepEqual(
    [outcome.succeeded, outcome.errorType, outcome.message],
    [false, 'Infrastructure', 'The Spark master does not answer at http://m:8080.'],
  );
  const ended = (await readBatches(deps.database, runId)).find(({ batchId }) => batchId === outcome.batchId);
  assert.equal(ended?.state, 'FAILED');
});

test('a cancel ends also where an engine cannot be asked: what may still run there is named', async (t) => {
  const { deps, runId } = await opened(t, new FakeEngine('local'));
  const run = await claimedRun(deps.database, day);
  await notedBatch(deps.database, run, { batchId: 'sf-far-00000001', engine: 'standalone' });
  const gone: Dependencies = {
    ...deps,
    engines: { ...deps.engines, named: () => Promise.reject(new Error('connect ECONNREFUSED')) },
  };
  await assert.rejects(cancelBatches(gone, { runId }, 1), { type: 'Infrastructure' });
  assert.deepEqual(await cancelBatches(gone, { runId }, 3), { cancelled: 1 });
  const [batch] = await readBatches(deps.database, runId);
  assert.match(
    batch?.stateMessage ?? '',
    /could not be ended\. .*ECONNREFUSED.*sevenfold batches sweep --cancel/,
  );
});

test('the beats in between repeat what a watcher said last, and a watcher that hangs is not covered, whatever the clock says', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const environment = new MockActivityEnvironment();
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(details));
  let end = () => {};
  const work = () =>
    whileBeating(async () => {
      heartbeat({ state: 'RUNNING' });
      await new Promise<void>((resolve) => (end = resolve));
    });
  const running = environment.run<[], void, typeof work>(work);
  t.mock.timers.tick(4_000);
  assert.deepEqual(beats, [{ state: 'RUNNING' }, { state: 'RUNNING' }, { state: 'RUNNING' }]);
  t.mock.timers.tick(10 * 60_000);
  t.mock.timers.setTime(0);
  const afterTenMinutes = beats.length;
  t.mock.timers.tick(60_000);
  assert.equal(beats.length, afterTenMinutes);
  end();
  await running;
});
