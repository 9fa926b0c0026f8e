import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, WorkflowExecutionStatusName } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { isOpenInTemporal } from '../src/open-in-temporal.ts';

const holder = { workflowId: 'daily/sample/2026-01-31', workflowRunId: 'first' };

/** A Temporal that describes the newest execution of the holder's workflow like this. */
function describing(status: WorkflowExecutionStatusName, first = 'first', runId = 'newest'): Client {
  const description = {
    status: { name: status },
    runId,
    raw: { workflowExecutionInfo: { firstRunId: first } },
  };
  return { workflow: { getHandle: () => ({ describe: async () => description }) } } as unknown as Client;
}

for (const [status, open] of [
  ['RUNNING', true],
  ['PAUSED', true],
  // What went on in a new history lives in it, and a state that is newer than this code is no end.
  ['CONTINUED_AS_NEW', true],
  ['UNKNOWN', true],
  ['COMPLETED', false],
  ['FAILED', false],
  ['CANCELLED', false],
  ['TERMINATED', false],
  ['TIMED_OUT', false],
] as const) {
  test(`a run whose workflow is ${status} is ${open ? '' : 'not '}open`, async () => {
    assert.equal(await isOpenInTemporal(describing(status), holder), open);
  });
}

test('a later workflow of the same id is not the one that holds the run', async () => {
  assert.equal(await isOpenInTemporal(describing('RUNNING', 'another'), holder), false);
  assert.equal(await isOpenInTemporal(describing('RUNNING', '', 'first'), holder), true, 'an older server');
});

test('a workflow that Temporal does not know is not open; a Temporal that does not answer is reported', async () => {
  const failing = (error: Error) =>
    ({ workflow: { getHandle: () => ({ describe: () => Promise.reject(error) }) } }) as unknown as Client;
  const gone = new WorkflowNotFoundError('gone', holder.workflowId, undefined);
  assert.equal(await isOpenInTemporal(failing(gone), holder), false);
  await assert.rejects(isOpenInTemporal(failing(new Error('no answer')), holder), /no answer/);
});
