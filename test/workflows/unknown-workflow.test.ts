import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { workflowNames } from '../../src/waiting-workflows.ts';
import * as registered from '../../src/workflows/registered.ts';
import { scriptedRun } from '../support/scripted-run.ts';
import { developmentServer } from '../support/temporal.ts';

describe('a workflow of a type that is not registered', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await developmentServer();
  });
  after(() => server.teardown());

  async function refusal(type: string, id: string, input: object): Promise<ApplicationFailure> {
    const { result, calls } = await scriptedRun(server, type, id, {}, input);
    assert.deepEqual(calls, []);
    const failure = (result as WorkflowFailedError).cause as ApplicationFailure;
    assert.deepEqual([failure.type, failure.nonRetryable], ['InvalidInput', true]);
    assert.doesNotMatch(failure.message, /\n/);
    return failure;
  }

  test('is answered with the nearest name and how to start it, and ends', async () => {
    const { message } = await refusal('dailyPipelin', "it's", { dataset: 'sample', date: '2026-01-31' });
    assert.equal(
      message,
      'This version has no workflow "dailyPipelin". Did you mean "dailyPipeline"? Start it: temporal workflow start ' +
        `--type dailyPipeline --task-queue sevenfold --workflow-id 'it'\\''s' --input '{"dataset":"sample","date":"2026-01-31"}'`,
    );
  });

  test('is answered with all names where none is near, and shows no control character', async () => {
    const { message } = await refusal('\u001b[2Jnothing-like-it', 'far', {});
    assert.match(
      message,
      /^This version has no workflow "\\u\{1b\}\[2Jnothing-like-it"\. Known: .*dailyPipeline.*\.$/,
    );
  });

  test('does not repeat what is too long to be copied', async () => {
    const { message } = await refusal('dailyPipelines', 'long', { dataset: 'x'.repeat(5_000) });
    assert.ok(message.length < 400, message);
    assert.match(message, /--input '<the same as before>'$/);
  });

  test('every registered workflow has a name that commands know, and no other', () => {
    assert.deepEqual(workflowNames().sort(), Object.keys(registered).sort());
  });
});
