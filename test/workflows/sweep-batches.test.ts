import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Sweep } from '../../src/activities/sweep-batches.ts';
import { scriptedActivities } from '../support/scripted-activities.ts';
import { timeSkippingServer, withWorker } from '../support/temporal.ts';

const orphan = {
  batchId: 'sf-a',
  engine: 'dataproc',
  state: 'RUNNING',
  run: 'daily/sample/2026-01-31',
} as const;
const statement = '1 of 4 open batches have no open run: sf-a of daily/sample/2026-01-31.';

describe('sweepBatches', () => {
  let server: TestWorkflowEnvironment;
  let count = 0;
  before(async () => {
    server = await timeSkippingServer();
  });
  after(() => server.teardown());

  async function sweep(input: unknown): Promise<{ result: unknown; asked: unknown[] }> {
    const { activities, calls } = scriptedActivities({
      sweepBatches: async ({ mode }): Promise<Sweep> => {
        const ended = mode === 'cancel';
        return { open: 4, orphans: [{ ...orphan, ended }], waiting: [], left: ended ? 0 : 1, statement };
      },
    });
    const result: unknown = await withWorker(server, activities, () =>
      server.client.workflow
        .execute('sweepBatches', {
          workflowId: `sweep-${(count += 1)}`,
          taskQueue: 'sevenfold',
          args: [input],
        })
        .catch((error: unknown) => error),
    );
    return { result, asked: calls.map((call) => call.input) };
  }

  test('one that only reports ends Failed with what it leaves, so that a schedule is seen to have found it', async () => {
    const { result, asked } = await sweep({ mode: 'report' });
    assert.ok(result instanceof WorkflowFailedError);
    const { type, message, nonRetryable, details } = result.cause as ApplicationFailure;
    assert.deepEqual([type, message, nonRetryable], ['RunIncomplete', statement, true]);
    assert.deepEqual((details as Sweep[])[0]?.orphans, [{ ...orphan, ended: false }]);
    assert.deepEqual(asked, [{ mode: 'report' }]);
  });

  test('one that ends them completes and says which', async () => {
    const { result, asked } = await sweep({ mode: 'cancel' });
    assert.deepEqual((result as Sweep).orphans, [{ ...orphan, ended: true }]);
    assert.deepEqual(asked, [{ mode: 'cancel' }]);
  });

  for (const [what, input, expected] of [
    ['without a mode', {}, /mode/],
    ['with a mode that there is not', { mode: 'kill' }, /report.*cancel/],
    ['with a misspelt field', { mode: 'report', enigne: 'local' }, /unknown field "enigne"/],
    ['with nothing', undefined, /sweepBatches/],
  ] as const) {
    test(`is refused ${what}, before anything is asked`, async () => {
      const { result, asked } = await sweep(input);
      const { type, message } = (result as WorkflowFailedError).cause as ApplicationFailure;
      assert.equal(type, 'InvalidInput');
      assert.match(message, expected);
      assert.doesNotMatch(message, /\n/);
      assert.deepEqual(asked, []);
    });
  }
});
