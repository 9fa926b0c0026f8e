import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { sweepBatches } from '../../src/activities/sweep-batches.ts';
import type { BatchObservation } from '../../src/engines/engine.ts';
import { Dataproc } from '../../src/engines/dataproc/index.ts';
import { Standalone } from '../../src/engines/standalone/index.ts';
import { Failure } from '../../src/failures.ts';
import { findBatch } from '../../src/ledger/batches.ts';
import { beginAttempt, layOutUnits, readUnit } from '../../src/ledger/units.ts';
import { testDependencies } from '../support/daily-run.ts';
import { dataprocSettings } from '../support/engine-settings.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { claimedRun, notedBatch } from '../support/noted-batch.ts';

const mine = { 'managed-by': 'sevenfold' };
const stranger = '00000000-0000-4000-8000-000000000000';

/** An installation with these engines; Temporal knows as open whom `open` names. */
async function installation(t: TestContext, engines: FakeEngine[], { open = [] as string[] } = {}) {
  const base = await testDependencies(t);
  const has = (name: string): boolean => engines.some((engine) => engine.name === name);
  const describe = (workflowId: string) => async () => {
    if (!open.includes(workflowId)) throw new WorkflowNotFoundError('gone', workflowId, undefined);
    return { status: { name: 'RUNNING' }, raw: { workflowExecutionInfo: { firstRunId: 'temporal-1' } } };
  };
  const deps: Dependencies = {
    ...base,
    config: {
      ...base.config,
      engines: {
        ...base.config.engines,
        standalone: new Standalone({
          masterUrl: has('standalone') ? 'spark://m:7077' : undefined,
          masterUi: 'http://m',
        }),
        dataproc: new Dataproc({
          ...dataprocSettings(base.config),
          missing: has('dataproc') ? [] : ['GCP_REGION'],
        }),
      },
    },
    engines: {
      place: () => Promise.reject(new Error('a sweep sends nothing')),
      async named(name) {
        const found = engines.find((engine) => engine.name === name);
        if (found) return found;
        throw new Failure('InvalidInput', `${name} is not here.`);
      },
      close: async () => {},
    },
    temporal: {
      workflow: { getHandle: (id: string) => ({ describe: describe(id) }), async *list() {} },
    } as unknown as Dependencies['temporal'],
  };
  return deps;
}

/** A run of that day with one batch, noted and running on an engine. */
async function running(
  deps: Dependencies,
  engine: FakeEngine,
  day: string,
  batchId: string,
): Promise<string> {
  const run = await claimedRun(deps.database, day, { engine: engine.name });
  await layOutUnits(deps.database, run.runId, ['metrics']);
  await beginAttempt(deps.database, run.runId, 'metrics', 'f');
  await notedBatch(deps.database, run, { batchId, engine: engine.name });
  engine.holds(batchId, { ...mine, 'run-id': run.runId });
  return run.runId;
}

test('a batch whose run is open is left alone, in both modes', async (t) => {
  const local = new FakeEngine('local');
  const deps = await installation(t, [local], { open: ['daily/sample/2026-01-01'] });
  await running(deps, local, '2026-01-01', 'sf-a');
  for (const mode of ['report', 'cancel'] as const) {
    const swept = await sweepBatches(deps, { mode });
    assert.deepEqual([swept.open, swept.orphans, swept.left], [1, [], 0]);
    assert.match(swept.statement, /^1 batches are open, each has its run\.$/);
  }
  assert.deepEqual(local.cancelled, []);
});

test('a batch whose run was terminated is reported, and only ended by a sweep that may', async (t) => {
  const dataproc = new FakeEngine('dataproc');
  const deps = await installation(t, [new FakeEngine('local'), dataproc], {
    open: ['daily/sample/2026-01-01'],
  });
  await running(deps, dataproc, '2026-01-01', 'sf-open');
  const runId = await running(deps, dataproc, '2026-01-02', 'sf-orphan');
  const orphan = {
    batchId: 'sf-orphan',
    engine: 'dataproc',
    state: 'RUNNING',
    run: 'daily/sample/2026-01-02',
  };

  const outcome = await sweepBatches(deps, { mode: 'report' });
  assert.deepEqual(outcome.orphans, [{ ...orphan, ended: false }]);
  assert.deepEqual([outcome.open, outcome.left], [2, 1]);
  assert.match(outcome.statement, /sf-orphan of daily\/sample\/2026-01-02.*sevenfold batches sweep --cancel/);
  assert.deepEqual(dataproc.cancelled, []);

  let attemptWhenEnded = 0;
  const cancel = dataproc.cancel.bind(dataproc);
  dataproc.cancel = async (batchId) => {
    attemptWhenEnded = (await readUnit(deps.database, runId, 'metrics')).attempt;
    return cancel(batchId);
  };
  const ended = await sweepBatches(deps, { mode: 'cancel' });
  assert.deepEqual(ended.orphans, [{ ...orphan, ended: true }]);
  assert.equal(ended.left, 0);
  assert.match(ended.statement, /\(ended\)/);
  assert.doesNotMatch(ended.statement, /--cancel/);
  assert.deepEqual(dataproc.cancelled, ['sf-orphan']);
  assert.equal(attemptWhenEnded, 2, 'the fence was up before the batch was touched');
  assert.equal((await findBatch(deps.database, 'sf-orphan'))?.state, 'CANCELLED');
  assert.equal((await findBatch(deps.database, 'sf-open'))?.state, 'SUBMITTING');

  const again = await sweepBatches(deps, { mode: 'cancel' });
  assert.deepEqual([again.open, again.left], [1, 0]);
});

test("a run that was taken over owns its older workflow's batches", async (t) => {
  const local = new FakeEngine('local');
  const deps = await installation(t, [local], { open: ['daily/sample/2026-01-03'] });
  const runId = await running(deps, local, '2026-01-03', 'sf-a');
  await deps.database.query(`update runs set workflow_run_id = 'temporal-9' where run_id = $1`, [runId]);
  const swept = await sweepBatches(deps, { mode: 'report' });
  assert.equal(swept.left, 1, 'that workflow id is open, but it is not the one that holds the run');
});

for (const [what, label] of [
  ['of a run that is unknown here', stranger],
  ['whose label is no id at all', 'not-a-uuid'],
  ['without a label', undefined],
] as const) {
  test(`a batch ${what} is reported and never ended: another installation may share the project`, async (t) => {
    const dataproc = new FakeEngine('dataproc');
    const deps = await installation(t, [new FakeEngine('local'), dataproc]);
    dataproc.holds('sf-theirs', { ...mine, ...(label !== undefined && { 'run-id': label }) });
    const swept = await sweepBatches(deps, { mode: 'cancel' });
    assert.deepEqual(swept.orphans, [
      { batchId: 'sf-theirs', engine: 'dataproc', state: 'RUNNING', run: null, ended: false },
    ]);
    assert.equal(swept.left, 1);
    assert.match(swept.statement, /sf-theirs of a run unknown here/);
    assert.deepEqual(dataproc.cancelled, []);
  });
}

test('a batch that is known only by its label was not sent from here', async (t) => {
  const dataproc = new FakeEngine('dataproc');
  const deps = await installation(t, [new FakeEngine('local'), dataproc]);
  const run = await claimedRun(deps.database, '2026-01-04');
  dataproc.holds('sf-copied-label', { ...mine, 'run-id': run.runId });
  const swept = await sweepBatches(deps, { mode: 'cancel' });
  assert.equal(swept.orphans[0]?.ended, false);
  assert.deepEqual(dataproc.cancelled, []);
});

test('an engine that cannot be asked is named, and the others are swept all the same', async (t) => {
  const [local, dataproc] = [new FakeEngine('local'), new FakeEngine('dataproc')];
  local.listOpen = () => Promise.reject(new Failure('Infrastructure', 'The keeper does not answer.'));
  const deps = await installation(t, [local, dataproc]);
  await running(deps, dataproc, '2026-01-05', 'sf-orphan');
  const swept = await sweepBatches(deps, { mode: 'cancel' });
  assert.deepEqual(dataproc.cancelled, ['sf-orphan']);
  assert.match(swept.statement, /Not asked: local \(The keeper does not answer\.\)/);
  assert.equal(swept.left, 1, 'nobody knows what runs there');
});

test('an engine that is not configured is not asked', async (t) => {
  const swept = await sweepBatches(await installation(t, [new FakeEngine('local')]), { mode: 'report' });
  assert.equal(swept.statement, '0 batches are open, each has its run.');
});

test('an orphan that cannot be ended hides none of those behind it', async (t) => {
  const dataproc = new FakeEngine('dataproc');
  const deps = await installation(t, [new FakeEngine('local'), dataproc]);
  await running(deps, dataproc, '2026-01-06', 'sf-first');
  await running(deps, dataproc, '2026-01-07', 'sf-second');
  const cancel = dataproc.cancel.bind(dataproc);
  dataproc.cancel = async (batchId): Promise<BatchObservation | undefined> => {
    if (batchId === 'sf-first') throw new Failure('Infrastructure', 'It will not go.');
    return cancel(batchId);
  };
  const swept = await sweepBatches(deps, { mode: 'cancel' });
  assert.deepEqual(
    swept.orphans.map(({ batchId, ended }) => [batchId, ended]),
    [
      ['sf-first', false],
      ['sf-second', true],
    ],
  );
  assert.equal(swept.left, 1);
  assert.match(swept.statement, /sf-first of daily\/sample\/2026-01-06 \(not ended: It will not go\.\)/);
});

test('a driver of a cluster that both engines tell of is one batch, under the name it was sent to', async (t) => {
  const [local, standalone] = [new FakeEngine('local'), new FakeEngine('standalone')];
  const deps = await installation(t, [local, standalone]);
  const runId = await running(deps, standalone, '2026-01-08', 'sf-driver');
  local.holds('sf-driver', { ...mine, 'run-id': runId });
  const outcome = await sweepBatches(deps, { mode: 'report' });
  assert.equal(outcome.open, 1);
  assert.deepEqual(
    outcome.orphans.map(({ batchId, engine }) => [batchId, engine]),
    [['sf-driver', 'standalone']],
  );
  await sweepBatches(deps, { mode: 'cancel' });
  assert.deepEqual([local.cancelled, standalone.cancelled], [[], ['sf-driver']], 'with its executors');
});

test('of very many orphans the statement names a few, and the count is whole', async (t) => {
  const dataproc = new FakeEngine('dataproc');
  const deps = await installation(t, [new FakeEngine('local'), dataproc]);
  for (let number = 1; number <= 60; number += 1)
    dataproc.holds(`sf-${number}`, { ...mine, 'run-id': stranger });
  const swept = await sweepBatches(deps, { mode: 'report' });
  assert.deepEqual([swept.open, swept.left, swept.orphans.length], [60, 60, 50]);
  assert.match(swept.statement, /^60 of 60 open batches have no open run: /);
  assert.ok(swept.statement.length < 500);
});
