import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { createActivities } from '../../src/activities/index.ts';
import { runBatch } from '../../src/activities/run-batch.ts';
import type { BatchOutcome } from '../../src/activities/run-batch.ts';
import { Failure, failureTypes } from '../../src/failures.ts';
import type { FailureType } from '../../src/failures.ts';
import { readBatches } from '../../src/ledger/batches.ts';
import { noteChunkFailure } from '../../src/ledger/chunks.ts';
import { beginAttempt, layOutUnits } from '../../src/ledger/units.ts';
import type { Fence } from '../../src/ledger/units.ts';
import { maximumTries, waitMs } from '../../src/planning/retry.ts';
import { testDependencies } from '../support/daily-run.ts';
import { onlyEngine } from '../support/engines.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { claimedRun } from '../support/noted-batch.ts';

const day = '2026-01-31';

async function openUnit(t: TestContext, engine: FakeEngine): Promise<{ deps: Dependencies; runId: string }> {
  const deps = { ...(await testDependencies(t)), engines: onlyEngine(engine) };
  const { runId } = await claimedRun(deps.database, day, { engine: engine.name });
  await layOutUnits(deps.database, runId, ['metrics']);
  return { deps, runId };
}

async function watch(deps: Dependencies, fence: Fence): Promise<BatchOutcome> {
  const work = () => runBatch(deps, { fence, job: 'probe', input: {}, timeoutMs: 60_000 });
  return new MockActivityEnvironment().run<[], BatchOutcome, typeof work>(work);
}

/** What Temporal hears when an engine fails with this. */
async function reportedToTemporal(
  t: TestContext,
  failure: Error,
  info: { attempt?: number } = {},
): Promise<ApplicationFailure> {
  const engine = new FakeEngine('dataproc', () => {
    throw failure;
  });
  const { deps, runId } = await openUnit(t, engine);
  const fence = await beginAttempt(deps.database, runId, 'metrics', 'f');
  const input = { fence, job: 'probe', input: {}, timeoutMs: 60_000 };
  const activities = createActivities(deps);
  const work = () => activities.runBatch(input);
  const environment = new MockActivityEnvironment(info);
  const reported: unknown = await environment
    .run<[], BatchOutcome, typeof work>(work)
    .catch((error: unknown) => error);
  assert.ok(reported instanceof ApplicationFailure);
  return reported;
}

test('a quota that is used up is asked for again after a minute, at every try', async (t) => {
  for (const attempt of [1, 5]) {
    const reported = await reportedToTemporal(t, new Failure('QuotaExceeded', 'CPUs of us-central1.'), {
      attempt,
    });
    assert.deepEqual(
      [reported.type, reported.nonRetryable, reported.nextRetryDelay, reported.message],
      ['QuotaExceeded', false, 60_000, 'CPUs of us-central1.'],
    );
  }
});

test('a lost machine is tried again as soon as the policy says; what is wrong is not', async (t) => {
  for (const [type, nonRetryable] of [
    ['Infrastructure', false],
    ['ExecutorLost', false],
    ['InvalidInput', true],
    ['NotOurs', true],
  ] as const) {
    const reported = await reportedToTemporal(t, new Failure(type, 'x'));
    assert.deepEqual(
      [reported.type, reported.nonRetryable, reported.nextRetryDelay],
      [type, nonRetryable, undefined],
    );
  }
});

test('how often each type of the closed list is tried, and how long is waited', () => {
  const tries: Partial<Record<FailureType, number>> = {
    ...{ Infrastructure: 8, ExecutorLost: 8, QuotaExceeded: 8, OutOfMemory: 3, NoSpace: 3, TimedOut: 3 },
  };
  for (const type of Object.keys(failureTypes) as FailureType[]) {
    assert.equal(maximumTries(type), tries[type] ?? 1, type);
    assert.equal(
      maximumTries(type) > 1,
      failureTypes[type].retryable,
      `${type}: one opinion of what may pass`,
    );
  }
  assert.deepEqual(
    [1, 2, 3, 4, 5, 8].map((tried) => waitMs('ExecutorLost', tried)),
    [1_000, 2_000, 4_000, 8_000, 15_000, 15_000],
  );
  assert.deepEqual(
    [1, 8].map((tried) => waitMs('QuotaExceeded', tried)),
    [60_000, 60_000],
  );
});

async function factorsOf({ database }: Dependencies, runId: string): Promise<unknown[]> {
  const { rows } = await database.query<{ factor: number }>(
    `select (resources ->> 'memoryFactor')::integer as factor from batches where run_id = $1
      order by submitted_at`,
    [runId],
  );
  return rows.map(({ factor }) => factor);
}

test('what ran out of memory is given twice as much each time, at most eight times; a success ends that', async (t) => {
  let failing = true;
  const engine = new FakeEngine('local', () =>
    failing ? { state: 'FAILED', errorType: 'OutOfMemory', message: 'killed' } : { state: 'SUCCEEDED' },
  );
  const { deps, runId } = await openUnit(t, engine);
  const attempt = async (): Promise<BatchOutcome> =>
    watch(deps, await beginAttempt(deps.database, runId, 'metrics', 'f'));
  for (let tried = 1; tried <= 5; tried += 1) assert.equal((await attempt()).errorType, 'OutOfMemory');
  failing = false;
  await attempt();
  await attempt();
  assert.deepEqual(await factorsOf(deps, runId), [1, 2, 4, 8, 8, 8, 1]);
  assert.deepEqual(
    engine.created.map(({ resources, isolated }) => [resources.memoryFactor, isolated]),
    [1, 2, 4, 8, 8, 8, 1].map((factor) => [factor, factor > 1]),
    'the engine hears of it, and more memory than the shared JVM has needs one of its own',
  );
});

test('a failure of another kind between two keeps the memory that was needed', async (t) => {
  const ends: FailureType[] = ['OutOfMemory', 'ExecutorLost', 'OutOfMemory', 'Infrastructure'];
  const engine = new FakeEngine('local', () => ({ state: 'FAILED', errorType: ends.shift()!, message: 'x' }));
  const { deps, runId } = await openUnit(t, engine);
  while (ends.length > 0) await watch(deps, await beginAttempt(deps.database, runId, 'metrics', 'f'));
  assert.deepEqual(await factorsOf(deps, runId), [1, 2, 2, 4]);
  assert.equal((await readBatches(deps.database, runId)).length, 4);
});

/** Dates of a chunk, as a backfill lays them out; a round gives what failed another chunk. */
async function chunked(
  deps: Dependencies,
  runId: string,
  chunk: number,
  dates: readonly string[],
): Promise<void> {
  await deps.database.query(
    `insert into units (run_id, unit, kind, model_version, date, training_date, rows_due, chunk, attempt)
     select $1, 'naive/' || day, 'date', 'naive', day::date, day::date, 1, $2, 1 from unnest($3::text[]) day
     on conflict (run_id, unit) do update set chunk = excluded.chunk, attempt = units.attempt + 1`,
    [runId, chunk, dates],
  );
}

test('dates of a chunk that ran out of memory are given more under their next number; their neighbours are not', async (t) => {
  const engine = new FakeEngine('local', () => ({ state: 'FAILED', errorType: 'OutOfMemory', message: 'x' }));
  const { deps, runId } = await openUnit(t, engine);
  const send = (chunk: number) => watch(deps, { runId, unit: `chunk ${chunk}`, attempt: 1, fingerprint: '' });
  const ranOut = { errorType: 'OutOfMemory', message: 'x' } as const;

  await chunked(deps, runId, 1, ['2021-03-01', '2021-03-02']);
  await send(1);
  await noteChunkFailure(deps.database, runId, 1, ranOut);
  await chunked(deps, runId, 2, ['2021-03-01']);
  await chunked(deps, runId, 3, ['2021-03-02']);
  await chunked(deps, runId, 4, ['2021-03-03']);
  await send(2);
  await noteChunkFailure(deps.database, runId, 2, ranOut);
  await chunked(deps, runId, 5, ['2021-03-01']);
  for (const chunk of [5, 3, 4]) await send(chunk);
  assert.deepEqual(await factorsOf(deps, runId), [1, 2, 4, 2, 1]);
});

test('of a chunk in which a part ran out of memory the part decides, and chunk 1 is not chunk 11', async (t) => {
  const engine = new FakeEngine('local', () => ({ state: 'SUCCEEDED' }));
  const { deps, runId } = await openUnit(t, engine);
  await chunked(deps, runId, 11, ['2021-03-01', '2021-03-02']);
  await noteChunkFailure(deps.database, runId, 11, {
    ...{ modelVersion: 'naive', dates: ['2021-03-02'], errorType: 'OutOfMemory', message: 'x' },
  });
  await chunked(deps, runId, 1, ['2021-03-03']);
  for (const chunk of [1, 11])
    await watch(deps, { runId, unit: `chunk ${chunk}`, attempt: 1, fingerprint: '' });
  assert.deepEqual(await factorsOf(deps, runId), [1, 2]);
});
