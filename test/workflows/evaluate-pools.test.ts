import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { scriptedActivities } from '../support/scripted-activities.ts';
import { timeSkippingServer, withWorker } from '../support/temporal.ts';

describe('evaluatePools', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await timeSkippingServer();
  });
  after(() => server.teardown());

  async function run(id: string, input: object, script = {}) {
    const { activities, calls } = scriptedActivities(script);
    const result: unknown = await withWorker(server, activities, () =>
      server.client.workflow
        .execute('evaluatePools', { workflowId: id, taskQueue: 'sevenfold', args: [input] })
        .catch((error: unknown) => error),
    );
    return { result, calls };
  }

  test('brings the data in as a daily run does, then walks over the days batch by batch', async () => {
    const { result, calls } = await run('evaluate-1', { dataset: 'sample', date: '2026-01-31', days: 15 });
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(
      calls.filter(({ name }) => name === 'beginPhase').map((call) => call.input['phase']),
      [
        'prepare',
        'ingest',
        'prefilter',
        'metrics',
        'days 2026-01-16..2026-01-25',
        'days 2026-01-26..2026-01-30',
      ],
    );
    assert.deepEqual(
      calls.filter(({ name }) => name === 'runBatch').map((call) => call.input['job']),
      ['pool_ingest', 'pool_metrics', 'pool_evaluate', 'pool_evaluate'],
    );
  });

  test('forces the days and not the data', async () => {
    const { calls } = await run('evaluate-2', {
      dataset: 'sample',
      date: '2026-01-31',
      days: 1,
      force: true,
    });
    assert.deepEqual(
      calls.filter(({ name }) => name === 'beginPhase').map((call) => call.input['force']),
      [false, false, false, false, true],
    );
  });

  test('refuses a misspelt field in one line, before anything is called', async () => {
    const { result, calls } = await run('evaluate-3', { dataset: 'sample', date: '2026-01-31', dayz: 3 });
    const cause = (result as WorkflowFailedError).cause as ApplicationFailure;
    assert.equal(cause.type, 'InvalidInput');
    assert.match(cause.message, /unknown field "dayz".*days/);
    assert.deepEqual(calls, []);
  });
});
