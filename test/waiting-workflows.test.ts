import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { Dependencies } from '../src/activities/dependencies.ts';
import { sweepBatches } from '../src/activities/sweep-batches.ts';
import { findOutsideLedger } from '../src/commands/outside-ledger.ts';
import type { Session } from '../src/commands/session.ts';
import { isMeantForUs, waitingWorkflows } from '../src/waiting-workflows.ts';
import type { WaitingWorkflow } from '../src/waiting-workflows.ts';
import { bundleWorkflows } from '../src/workflow-bundle.ts';
import { developmentServer } from './support/temporal.ts';
import { until } from './support/until.ts';

const input = { dataset: 'sample', date: '2026-01-31' };

describe('workflows that were started where nobody takes them up', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await developmentServer();
  });
  after(() => server.teardown());

  const start = (type: string, workflowId: string, taskQueue: string, args: unknown[] = [input]) =>
    server.client.workflow.start(type, { workflowId, taskQueue, args });

  /** What Temporal lists follows what it has by a moment. */
  async function waitingOnes(count: number): Promise<WaitingWorkflow[]> {
    let waiting: WaitingWorkflow[] = [];
    await until('Temporal lists them', async () => {
      waiting = await waitingWorkflows(server.client);
      return waiting.length === count;
    });
    return waiting.sort((a, b) => (a.workflowId < b.workflowId ? -1 : 1));
  }

  test('are found by a queue that nobody serves and by a type that nobody has, and said how to start', async () => {
    await start('dailyPipeline', 'a-wrong-queue', 'sevenfolds');
    await start('dailyPipelin', 'b-both', 'sevenfold-batch');
    await start('dailyPipelin', 'c-wrong-type', 'sevenfold');
    await start('somethingElse', 'd-near-queue', 'Sevenfold', []);
    // Whoever shares the namespace is left alone, and so is what waits for a worker of ours.
    await start('sendNewsletter', 'e-foreign', 'newsletters');
    await start('dailyPipeline', 'f-right', 'sevenfold');

    const given = `--input '{"dataset":"sample","date":"2026-01-31"}'`;
    const right = (id: string) =>
      `Start it right: temporal workflow terminate --workflow-id '${id}' && ` +
      `temporal workflow start --type dailyPipeline --task-queue sevenfold --workflow-id '${id}' ${given}`;
    const lines = (await waitingOnes(4)).map(({ line }) => line);
    assert.deepEqual(lines.slice(0, 3), [
      `a-wrong-queue waits in Temporal for ever: no worker takes workflows from the task queue "sevenfolds". ${right('a-wrong-queue')}`,
      'b-both waits in Temporal for ever: no worker takes workflows from the task queue "sevenfold-batch", and ' +
        `this version has no workflow "dailyPipelin". Did you mean "dailyPipeline"? ${right('b-both')}`,
      `c-wrong-type waits in Temporal for ever: this version has no workflow "dailyPipelin". Did you mean "dailyPipeline"? ${right('c-wrong-type')}`,
    ]);
    assert.match(
      lines[3]!,
      /^d-near-queue .*"Sevenfold", and .*"somethingElse"\. Known: .*\. End it: temporal workflow terminate --workflow-id 'd-near-queue'$/,
    );
  });

  test('are reported by the sweep, which then ends as one that found something', async () => {
    const [first] = await waitingOnes(4);
    const deps = { config: { engines: {} }, temporal: server.client } as unknown as Dependencies;
    const { left, waiting, statement } = await sweepBatches(deps, { mode: 'report' });
    assert.deepEqual([left, waiting.length, waiting.includes(first!.line)], [4, 4, true]);
    assert.match(statement, /^0 batches are open, each has its run\. .*waits in Temporal for ever/);
  });

  test('are explained by their id, and so is one that was refused before it became a run', async () => {
    const session = { temporal: async () => server.client } as unknown as Session;
    const waits = await findOutsideLedger(session, 'a-wrong-queue');
    assert.match(waits!.text, /task queue "sevenfolds"/);
    const worker = await Worker.create({
      connection: server.nativeConnection,
      namespace: server.namespace ?? 'default',
      taskQueue: 'sevenfold',
      workflowBundle: await bundleWorkflows(),
    });
    await worker.runUntil(
      assert.rejects(server.client.workflow.getHandle('c-wrong-type').result(), 'it is answered at last'),
    );
    const refused = await findOutsideLedger(session, 'c-wrong-type');
    assert.equal(refused!.status, 'failed');
    assert.match(
      refused!.text,
      /^This version has no workflow "dailyPipelin"\. Did you mean "dailyPipeline"\?/,
    );
    assert.equal(await findOutsideLedger(session, 'nobody-started-this'), undefined);
  });

  test('whose worker is another one, of a queue of its own, do not wait', async () => {
    const worker = await Worker.create({
      connection: server.nativeConnection,
      namespace: server.namespace ?? 'default',
      taskQueue: 'sevenfolds',
      workflowBundle: { code: (await bundleWorkflows()).code },
      activities: {},
    });
    await worker.runUntil(async () => {
      await until('its worker is known', async () => {
        const waiting = await waitingWorkflows(server.client);
        return waiting.every(({ workflowId }) => workflowId !== 'a-wrong-queue');
      });
    });
  });
});

test('what is meant for us is known by a name of ours or one that is close', () => {
  const cases = [
    ['dailyPipeline', 'sevenfold', false],
    ['dailyPipelin', 'sevenfold', true],
    ['dailyPipeline', 'anything', true],
    ['daily_pipeline', 'anything', true],
    ['somethingElse', 'sevenfol', true],
    ['somethingElse', 'sevenfold-spark', true],
    ['somethingElse', 'orders', false],
  ] as const;
  for (const [type, taskQueue, expected] of cases) {
    assert.equal(isMeantForUs({ type, taskQueue }), expected, `${type} on ${taskQueue}`);
  }
});
