import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { scriptedRun } from '../support/scripted-run.ts';
import { developmentServer } from '../support/temporal.ts';

let server: TestWorkflowEnvironment;
before(async () => {
  server = await developmentServer();
});
after(() => server.teardown());

test('a second input is refused, and what one history hands to the next is taken from it alone', async () => {
  const input = { commodity: 'WTI', models: ['naive'], start: '2021-03-02', end: '2021-03-05' };
  const carried = { paused: false, concurrency: 1, yesterday: '2021-03-06' };
  for (const [workflow, given] of [
    ['dailyPipeline', { dataset: 'sample', date: '2026-01-31' }],
    ['forecastBackfill', input],
  ] as const) {
    const { result, calls } = await scriptedRun(server, workflow, `two-${workflow}`, {}, given, undefined, [
      carried,
    ]);
    assert.ok(result instanceof WorkflowFailedError);
    assert.match(
      String(result.cause?.message),
      new RegExp(`Input of ${workflow} must be one JSON object, but more`),
    );
    assert.deepEqual(calls, []);
  }
});
