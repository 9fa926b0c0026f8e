import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { cancelBatches } from '../../src/activities/end-batches.ts';
import { runBatch } from '../../src/activities/run-batch.ts';
import type { BatchOutcome } from '../../src/activities/run-batch.ts';
import { openRun } from '../../src/kinds/daily/opening.ts';
import { dailyPhases } from '../../src/kinds/daily/phases.ts';
import { beginAttempt } from '../../src/ledger/units.ts';
import type { Fence } from '../../src/ledger/units.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { readBatches } from '../../src/ledger/batches.ts';
import { createLocalEngine } from '../../src/engines/local/client.ts';
import type { LocalEngine } from '../../src/engines/local/client.ts';
import { arm, halted } from '../engines/support.ts';
import { onlyEngine } from '../support/engines.ts';
import { testDependencies } from '../support/daily-run.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { shared } from '../support/shared.ts';
import { until } from '../support/until.ts';

/** The keeper of the whole run, with this file's own failure points: a batch gets them when it is sent. */
let keeper: { engine: LocalEngine; failpoints: string };
before(async () => {
  const { address } = await shared('keeper');
  const failpoints = mkdtempSync(path.join(tmpdir(), 'sevenfold-failpoints-'));
  keeper = { engine: createLocalEngine({ socketPath: address }), failpoints };
});
after(async () => {
  await keeper.engine.close();
  rmSync(keeper.failpoints, { recursive: true, force: true });
});

const date = '2026-01-31';

async function openUnit(
  t: TestContext,
  engine: Engine = keeper.engine,
): Promise<{ deps: Dependencies; fence: Fence }> {
  const made = await testDependencies(t, engine);
  const deps = { ...made, config: { ...made.config, failpoints: keeper.failpoints } };
  const { runId } = await openRun(deps, {
    kind: 'dailyPipeline',
    units: dailyPhases,
    key: `daily/sample/${date}`,
    date,
    input: { dataset: 'sample', date },
    priority: 1,
    workflowId: 'w',
    workflowRunId: 'r',
  });
  return { deps, fence: await beginAttempt(deps.database, runId, 'metrics', 'f') };
}

/** One execution of the activity, as a worker would; `cancel` ends it from outside. */
function watch(deps: Dependencies, fence: Fence, input: Record<string, unknown>) {
  const environment = new MockActivityEnvironment();
  const work = () => runBatch(deps, { fence, job: 'probe', input, timeoutMs: 60_000 });
  const outcome = environment.run<[], BatchOutcome, typeof work>(work);
  return { outcome, stop: () => environment.cancel('WORKER_SHUTDOWN') };
}

function letGo(): void {
  writeFileSync(path.join(keeper.failpoints, 'probe-running.go'), '');
}

test('a batch runs to its end and its row says how', async (t) => {
  const { deps, fence } = await openUnit(t);
  const outcome = await watch(deps, fence, { do: 'answer' }).outcome;
  assert.equal(outcome.succeeded, true);
  const [batch] = await readBatches(deps.database, fence.runId);
  assert.deepEqual([batch?.batchId, batch?.state, batch?.watchers], [outcome.batchId, 'SUCCEEDED', 1]);
  assert.deepEqual((outcome.result as { fence: Fence }).fence, fence);
});

test('a failed batch is an answer, not an exception', async (t) => {
  const { deps, fence } = await openUnit(t);
  const outcome = await watch(deps, fence, { do: 'refuse' }).outcome;
  assert.deepEqual(
    [outcome.succeeded, outcome.errorType, outcome.message],
    [false, 'InvalidInput', 'pools.csv, line 7: tvl is negative.'],
  );
});

test('a worker that goes leaves its batch running, and the next one adopts it', async (t) => {
  const { deps, fence } = await openUnit(t);
  arm(keeper, 'probe-running');
  const first = watch(deps, fence, { do: 'hold' });
  await halted(keeper, 'probe-running');
  first.stop();
  await assert.rejects(first.outcome, { type: 'Infrastructure' });
  const second = watch(deps, fence, { do: 'hold' });
  letGo();
  assert.equal((await second.outcome).succeeded, true);
  const batches = await readBatches(deps.database, fence.runId);
  assert.deepEqual(
    batches.map(({ state, watchers }) => [state, watchers]),
    [['SUCCEEDED', 2]],
  );
});

test('a batch that the engine has is adopted, and the engine is not asked for it again', async (t) => {
  let sent = 0;
  const engine = new FakeEngine('local', () => ({ state: (sent += 1) === 1 ? 'RUNNING' : 'SUCCEEDED' }));
  const { deps, fence } = await openUnit(t, engine);
  const first = watch(deps, fence, { do: 'answer' });
  await until('it runs', () => sent === 1);
  first.stop();
  await assert.rejects(first.outcome, { type: 'Infrastructure' });
  const second = watch(deps, fence, { do: 'answer' });
  await until('somebody else watches', async () => {
    const [batch] = await readBatches(deps.database, fence.runId);
    return batch?.watchers === 2;
  });
  const [running] = engine.batches.values();
  engine.batches.set(running!.batchId, { ...running!, state: 'SUCCEEDED' });
  assert.equal((await second.outcome).succeeded, true);
  assert.equal(sent, 1);
});

test('its row is written when something has changed, and not at every look', async (t) => {
  const { deps, fence } = await openUnit(t);
  arm(keeper, 'probe-running');
  let looks = 0;
  const lookForChange: Engine['lookForChange'] = (...asked) => {
    looks += 1;
    return keeper.engine.lookForChange(...asked);
  };
  const impatient = { ...deps, engines: onlyEngine({ ...keeper.engine, lookMs: 20, lookForChange }) };
  const { outcome } = watch(impatient, fence, { do: 'hold' });
  await halted(keeper, 'probe-running');
  const afterLooks = async (more: number): Promise<string> => {
    const wanted = looks + more;
    await until(`${more} looks`, () => looks >= wanted);
    const { rows } = await deps.database.query<{ written: string }>(
      'select xmin::text as written from batches',
    );
    return rows[0]!.written;
  };
  const running = await afterLooks(3);
  assert.equal(await afterLooks(5), running);
  letGo();
  assert.equal((await outcome).succeeded, true);
  assert.equal((await readBatches(deps.database, fence.runId))[0]?.state, 'SUCCEEDED');
});

test('a new attempt ends what is left of an older one before it starts', async (t) => {
  const { deps, fence } = await openUnit(t);
  arm(keeper, 'probe-running');
  const older = watch(deps, fence, { do: 'wait' });
  await halted(keeper, 'probe-running');
  const newer = await beginAttempt(deps.database, fence.runId, 'metrics', 'f');
  const outcome = await watch(deps, newer, { do: 'answer' }).outcome;
  assert.equal(outcome.succeeded, true);
  assert.deepEqual([(await older.outcome).succeeded, (await older.outcome).errorType], [false, 'Cancelled']);
});

test("a batch of our name that is somebody else's is left alone", async (t) => {
  const { deps, fence } = await openUnit(t);
  const { batchId } = await watch(deps, fence, { do: 'answer' }).outcome;
  await deps.database.query('delete from batches');
  const look = async () => ({ batchId, state: 'RUNNING' as const, labels: { 'run-id': 'another' } });
  const deceived = { ...deps, engines: onlyEngine({ ...keeper.engine, look }) };
  await assert.rejects(watch(deceived, fence, { do: 'answer' }).outcome, {
    type: 'NotOurs',
    message: /another/,
  });
});

test('a cancel ends the batch, and nothing of it can commit any more', async (t) => {
  const { deps, fence } = await openUnit(t);
  arm(keeper, 'probe-running');
  const watched = watch(deps, fence, { do: 'wait' });
  await halted(keeper, 'probe-running');
  assert.deepEqual(await cancelBatches(deps, { runId: fence.runId }), { cancelled: 1 });
  assert.equal((await watched.outcome).errorType, 'Cancelled');
  const { rows } = await deps.database.query('select attempt from units where unit = $1', ['metrics']);
  assert.deepEqual(rows, [{ attempt: fence.attempt + 1 }]);
  assert.deepEqual(await cancelBatches(deps, { runId: fence.runId }), { cancelled: 0 }, 'twice is once');
});
