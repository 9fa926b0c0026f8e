import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { RunSummary } from '../../src/activities/runs.ts';
import { codeChangedRetry, isCodeChanged } from '../../src/planning/retry.ts';
import { wasEndedByCodeChange } from '../../src/troubles.ts';
import { scriptedActivities, watchForever } from '../support/scripted-activities.ts';
import { developmentServer, withWorker } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const folder = (name: string) => fileURLToPath(new URL(`./changed/${name}.ts`, import.meta.url));

describe('code that cannot go on with the history of an open run', () => {
  let server: TestWorkflowEnvironment;
  before(async () => (server = await developmentServer()));
  after(() => server.teardown());

  /** A day that today's code has begun, in the middle of its first batch. */
  async function begun(workflowId: string, retry?: typeof codeChangedRetry): Promise<WorkflowHandle> {
    const { activities, calls } = scriptedActivities({ runBatch: watchForever });
    return withWorker(server, activities, async () => {
      const handle = await server.client.workflow.start('dailyPipeline', {
        workflowId,
        taskQueue: 'sevenfold',
        args: [{ dataset: 'sample', date: '2026-01-31' }],
        ...(retry && { retry }),
      });
      await until('a batch is watched', () => calls.some(({ name }) => name === 'runBatch'));
      return handle;
    });
  }

  test('ends the run instead of failing its task for ever, and cancels nothing of it', async () => {
    const handle = await begun('by-the-temporal-cli');
    const { activities, calls } = scriptedActivities();
    const error = await withWorker(
      server,
      activities,
      () =>
        handle.result().then(
          () => assert.fail('it went on'),
          (error: Error) => error,
        ),
      { workflowsPath: folder('workflows') },
    );
    assert.ok(isCodeChanged((error.cause as Error).message), String(error.cause));
    assert.ok(
      await wasEndedByCodeChange(server.client, await handle.describe()),
      'nobody who watches hears why',
    );
    assert.deepEqual(
      calls.filter(({ name }) => name !== 'runBatch'),
      [],
    );
  });

  test('is not mistaken for a workflow that somebody terminated', async () => {
    const handle = await begun('terminated');
    await handle.terminate('by hand');
    assert.equal(await wasEndedByCodeChange(server.client, await handle.describe()), false);
  });

  test('a run that was started here begins a new history by itself, and claims the same run again', async () => {
    const handle = await begun('by-our-own', codeChangedRetry);
    const { activities, calls } = scriptedActivities();
    const summary = (await withWorker(server, activities, () => handle.result(), {
      workflowsPath: folder('workflows'),
    })) as RunSummary;
    assert.equal(summary.status, 'complete');
    const claim = calls.find(({ name }) => name === 'openRun')!.input;
    assert.equal(claim['workflowRunId'], (await handle.describe()).raw.workflowExecutionInfo?.firstRunId);
    assert.ok(!calls.some(({ name }) => name === 'cancelBatches'));
  });

  test('what is refused is not tried again', async () => {
    const { activities, calls } = scriptedActivities({
      openRun: async () => {
        throw ApplicationFailure.nonRetryable('daily/sample is already running', 'AlreadyRunning');
      },
    });
    await withWorker(server, activities, async () => {
      const handle = await server.client.workflow.start('dailyPipeline', {
        workflowId: 'refused',
        taskQueue: 'sevenfold',
        args: [{ dataset: 'sample', date: '2026-01-31' }],
        retry: codeChangedRetry,
      });
      await assert.rejects(handle.result());
      assert.equal((await handle.describe()).runId, handle.firstExecutionRunId, 'no second execution');
    });
    assert.equal(calls.filter(({ name }) => name === 'openRun').length, 1);
  });

  test('a bug of a workflow leaves the run open and its batches running; corrected code finishes it', async () => {
    const handle = await begun('with-a-bug');
    const broken = scriptedActivities();
    await withWorker(
      server,
      broken.activities,
      () =>
        until('its task has failed twice', async () => {
          const { raw } = await handle.describe();
          return (raw.pendingWorkflowTask?.attempt ?? 0) > 2;
        }),
      { workflowsPath: folder('workflows-with-a-bug') },
    );
    assert.equal((await handle.describe()).status.name, 'RUNNING');
    assert.deepEqual(
      broken.calls.filter(({ name }) => name !== 'runBatch'),
      [],
    );
    const { activities } = scriptedActivities();
    const summary = (await withWorker(server, activities, () => handle.result())) as RunSummary;
    assert.equal(summary.status, 'complete');
  });
});
