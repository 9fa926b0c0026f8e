import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { cancelBatches } from '../../src/activities/end-batches.ts';
import { runBatch } from '../../src/activities/run-batch.ts';
import type { BatchOutcome } from '../../src/activities/run-batch.ts';
import { setBudget, setRunStatus } from '../../src/activities/runs.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { Failure } from '../../src/failures.ts';
import { readBatches, recordObservation } from '../../src/ledger/batches.ts';
import { readRun } from '../../src/ledger/runs.ts';
import { beginAttempt, layOutUnits } from '../../src/ledger/units.ts';
import type { Cost } from '../../src/planning/cost.ts';
import { testDependencies } from '../support/daily-run.ts';
import { onlyEngine } from '../support/engines.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { claimedRun, notedBatch } from '../support/noted-batch.ts';
import { testDatabase } from '../support/postgres.ts';

const day = '2026-01-31';
const expected = (usd: number): Cost => ({ usd, seconds: 600, dcuHours: usd / 0.06, estimator: 'dcu' });

async function freshDatabase(t: TestContext): Promise<Database> {
  const database = openDatabase(await testDatabase(t), 'test');
  t.after(() => database.end());
  return database;
}

test('of batches that are noted at once only as many are taken as the budget can pay', async (t) => {
  const database = await freshDatabase(t);
  for (const round of [1, 2, 3]) {
    const run = await claimedRun(database, `2026-02-0${round}`, { budgetUsd: 10 });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, number) =>
        notedBatch(database, run, {
          ...{ batchId: `sf-${round}-${number}`, unit: `chunk ${number}`, engine: 'dataproc' },
          estimate: expected(4),
        }),
      ),
    );
    const refused = answers.filter((answer) => answer !== undefined);
    assert.equal(refused.length, 6);
    assert.deepEqual(
      new Set(refused.map(({ budgetUsd, nextUsd }) => `${budgetUsd} ${nextUsd}`)),
      new Set(['10 4']),
    );
    assert.equal((await readBatches(database, run.runId)).length, 2);
  }
});

test('the budget itself may be spent, to the last cent', async (t) => {
  const database = await freshDatabase(t);
  const run = await claimedRun(database, day, { budgetUsd: 0.3 });
  for (const number of [1, 2, 3]) {
    const refused = await notedBatch(database, run, { batchId: `sf-${number}`, estimate: expected(0.1) });
    assert.equal(refused, undefined, `the ${number}. of three dimes`);
  }
  const refused = await notedBatch(database, run, { batchId: 'sf-4', estimate: expected(0.01) });
  assert.equal(refused?.nextUsd, 0.01);
  assert.equal(
    await notedBatch(database, run, { batchId: 'sf-5' }),
    undefined,
    'what is free is never refused',
  );
});

test('a batch that is noted is never refused again, however small the budget has become', async (t) => {
  const database = await freshDatabase(t);
  const run = await claimedRun(database, day, { budgetUsd: 5 });
  const batch = { batchId: 'sf-1', estimate: expected(5) };
  assert.equal(await notedBatch(database, run, batch), undefined);
  assert.equal(await notedBatch(database, run, batch), undefined);
  await setBudget({ database } as never, { runId: run.runId, budgetUsd: 1 });
  assert.equal(await notedBatch(database, run, batch), undefined);
  const batches = await readBatches(database, run.runId);
  assert.deepEqual([batches.length, batches[0]?.watchers], [1, 3]);
});

test('what a batch really cost takes the place of what it was expected to', async (t) => {
  const database = await freshDatabase(t);
  const run = await claimedRun(database, day, { budgetUsd: 10 });
  await notedBatch(database, run, { batchId: 'sf-1', estimate: expected(9) });
  const next = { batchId: 'sf-2', unit: 'forecast', estimate: expected(3) };
  assert.deepEqual(await notedBatch(database, run, next), { budgetUsd: 10, committedUsd: 9, nextUsd: 3 });
  const seen = { batchId: 'sf-1', state: 'SUCCEEDED' as const, labels: {} };
  await recordObservation(database, seen, expected(2));
  assert.equal(await notedBatch(database, run, next), undefined);
  const third = { batchId: 'sf-3', unit: 'forecast', attempt: 2, estimate: expected(6) };
  assert.deepEqual(await notedBatch(database, run, third), { budgetUsd: 10, committedUsd: 5, nextUsd: 6 });
});

test('other runs and runs without a budget are not held to it', async (t) => {
  const database = await freshDatabase(t);
  const poor = await claimedRun(database, '2026-01-01', { budgetUsd: 1 });
  const free = await claimedRun(database, '2026-01-02');
  assert.equal(await notedBatch(database, free, { batchId: 'sf-1', estimate: expected(1_000) }), undefined);
  assert.equal(await notedBatch(database, poor, { batchId: 'sf-2', estimate: expected(1) }), undefined);
});

/** A run with a budget, one unit of it open, and an engine. */
async function opened(t: TestContext, engine: FakeEngine, budgetUsd: number) {
  const deps = { ...(await testDependencies(t)), engines: onlyEngine(engine) };
  const run = await claimedRun(deps.database, day, { engine: engine.name, budgetUsd });
  await layOutUnits(deps.database, run.runId, ['metrics']);
  const begin = () => beginAttempt(deps.database, run.runId, 'metrics', 'f');
  const watch = async (): Promise<BatchOutcome> => {
    const fence = await begin();
    const work = () => runBatch(deps, { fence, job: 'pool_metrics', input: {}, timeoutMs: 600_000 });
    return new MockActivityEnvironment().run<[], BatchOutcome, typeof work>(work);
  };
  return { deps, run, watch };
}

test('a batch that its run cannot afford is answered with how things stand, and not sent', async (t) => {
  const engine = new FakeEngine('dataproc');
  const { deps, run, watch } = await opened(t, engine, 0.001);
  const outcome = await watch();
  assert.deepEqual([outcome.succeeded, outcome.errorType], [false, undefined]);
  assert.match(
    outcome.overBudget ?? '',
    /^daily\/sample\/2026-01-31 waits at its budget of \$\S+: \$0\.00 are spent.* cost \$\d+\.\d\d+\. Go on: sevenfold resume daily\/sample\/2026-01-31 --budget <dollars>$/,
  );
  assert.doesNotMatch(outcome.overBudget ?? '', /budget of \$0\.00:/, 'less than a cent is not nothing');
  assert.deepEqual([engine.created, await readBatches(deps.database, run.runId)], [[], []]);
  await setBudget(deps, { runId: run.runId, budgetUsd: 100 });
  assert.equal((await watch()).succeeded, true);
});

test('batches on machines of our own cost nothing', async (t) => {
  for (const name of ['local', 'standalone']) {
    const { watch } = await opened(t, new FakeEngine(name), 0.001);
    assert.equal((await watch()).succeeded, true, name);
  }
});

test('a batch that the service never took is not held against the budget', async (t) => {
  const engine = new FakeEngine('dataproc', () => {
    throw new Failure('InvalidInput', 'Dataproc did not take it: permission denied.');
  });
  const { deps, run, watch } = await opened(t, engine, 100);
  await assert.rejects(watch(), { type: 'InvalidInput' });
  const committed = async (): Promise<number> =>
    (
      await deps.database.query<{ usd: number }>(
        'select sum(committed_usd)::double precision as usd from batch_costs where run_id = $1',
        [run.runId],
      )
    ).rows[0]!.usd;
  assert.ok((await committed()) > 0, 'as long as it may have been taken, it counts');
  await cancelBatches(deps, { runId: run.runId });
  assert.equal(await committed(), 0);
  const [batch] = await readBatches(deps.database, run.runId);
  assert.deepEqual([batch?.state, batch?.stateMessage], ['CANCELLED', 'Cancelled before it started.']);
});

test('a run that goes on no longer says that it waits', async (t) => {
  const { deps, run } = await opened(t, new FakeEngine('local'), 1);
  const { runId, workflowId, workflowRunId } = run;
  const claim = { runId, workflowId, workflowRunId };
  const shown = async () => {
    const { status, statement } = await readRun(deps.database, runId);
    return [status, statement];
  };
  await setRunStatus(deps, { ...claim, status: 'paused', statement: 'waits at its budget' });
  await setRunStatus(deps, { ...claim, status: 'paused' });
  assert.deepEqual(await shown(), ['paused', 'waits at its budget'], 'a second pause knows no better');
  await setRunStatus(deps, { ...claim, status: 'running' });
  assert.deepEqual(await shown(), ['running', null]);
});
