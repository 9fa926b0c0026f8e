import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import { setConcurrencyUpdate } from '../../src/workflows/concurrency.ts';
import { crowd } from '../support/crowd.ts';
import type { Call } from '../support/scripted-activities.ts';
import { scriptedRun } from '../support/scripted-run.ts';
import { timeSkippingServer } from '../support/temporal.ts';

const input = { dataset: 'survival', task: 'survival' };

/** Two rounds of fits at most; a chunk is left until its batch succeeds. */
function chunks(...perRound: number[]): Partial<Activities> {
  return {
    planRound: async () => ({ first: 1, last: perRound.shift() ?? 0, waiting: false }),
    beginChunk: async ({ runId, chunk }) => ({
      fence: { runId, unit: `chunk ${chunk}`, attempt: 1, fingerprint: '' },
      job: 'cv_fit',
      input: { chunk },
      placement: { engine: 'local', withoutSpark: true },
    }),
  };
}

describe('crossValidation', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await timeSkippingServer();
  });
  after(() => server.teardown());

  const run = (
    id: string,
    script: Partial<Activities>,
    during?: (handle: WorkflowHandle) => Promise<unknown>,
    given: object = input,
  ) => scriptedRun(server, 'crossValidation', id, script, given, during);

  const named = (calls: readonly Call[], name: keyof Activities) =>
    calls.filter((call) => call.name === name);
  const jobs = (calls: readonly Call[]) => named(calls, 'runBatch').map((call) => call.input['job']);

  test('cuts folds once, makes the fits, chooses, refits and reports, in this order', async () => {
    const { result, calls } = await run('cv-whole', chunks(2));
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(jobs(calls), ['cv_prepare', 'cv_fit', 'cv_fit', 'cv_refit']);
    assert.deepEqual(
      named(calls, 'beginPhase').map((call) => call.input['phase']),
      ['folds', 'fit', 'select', 'refit', 'report'],
    );
    const fits = named(calls, 'runBatch').filter((call) => call.input['job'] === 'cv_fit');
    assert.deepEqual(fits[0]!.input['placement'], { engine: 'local', withoutSpark: true });
  });

  test('phases that are whole are not done again', async () => {
    const { calls } = await run('cv-again', { ...chunks(2), beginPhase: async () => ({ reused: true }) });
    assert.deepEqual(jobs(calls), []);
    assert.deepEqual(named(calls, 'selectModel'), []);
  });

  test('fits that failed are noted by their unit, and the run goes on', async () => {
    const failed = [{ units: ['gbsa/fold 2'], errorType: 'JobFailed', message: 'gbsa on fold 2: no' }];
    const { calls } = await run('cv-failed', {
      ...chunks(1),
      runBatch: async ({ job }) => ({
        batchId: `sf-${job}`,
        engine: 'local',
        succeeded: true,
        ...(job === 'cv_fit' && { result: { fitted: 3, failed } }),
      }),
    });
    assert.deepEqual(named(calls, 'noteChunk')[0]!.input['failures'], failed);
  });

  test('a choice that is refused ends the run partial, with its report', async () => {
    const { result, calls } = await run('cv-partial', {
      ...chunks(1),
      verifyPhase: async ({ phase }) => ({
        complete: phase !== 'fit',
        reason: 'rows: found 11, expected 12',
      }),
      selectModel: async () => {
        throw ApplicationFailure.nonRetryable('No model is chosen: gbsa lacks fold 2', 'CheckFailed');
      },
      planCvBatch: async ({ job }) => {
        if (job === 'cv_prepare') return { input: {}, placement: {} };
        throw ApplicationFailure.nonRetryable('No model was chosen', 'CheckFailed');
      },
    });
    assert.equal(((result as WorkflowFailedError).cause as ApplicationFailure).type, 'RunIncomplete');
    assert.equal(named(calls, 'closeRun')[0]!.input['status'], 'partial');
    assert.equal(named(calls, 'writeReport').length, 1);
  });

  test('data that cannot be right ends the run before any fit', async () => {
    const { result, calls } = await run('cv-bad-data', {
      ...chunks(1),
      runBatch: async () => ({
        batchId: 'sf-1',
        engine: 'local',
        succeeded: false,
        errorType: 'InvalidInput',
        message: 'Column event is not 0/1',
      }),
    });
    assert.ok(result instanceof Error);
    assert.deepEqual(jobs(calls), ['cv_prepare']);
    assert.match(String(named(calls, 'failPhase')[0]!.input['reason']), /Column event is not 0\/1/);
  });

  test('the number of batches in flight is that of the input, and can be changed', async () => {
    const fits = crowd(3);
    const script: Partial<Activities> = {
      ...chunks(6),
      runBatch: async ({ job }) => {
        // The first one is alone until the change lets two others in.
        if (job === 'cv_fit') await fits.pass();
        return { batchId: 'sf-1', engine: 'local', succeeded: true };
      },
    };
    const during = async (handle: WorkflowHandle) => {
      assert.match(await handle.executeUpdate(setConcurrencyUpdate, { args: [3] }), /^3 batches at a time/);
      await assert.rejects(handle.executeUpdate(setConcurrencyUpdate, { args: [0] }));
    };
    await run('cv-concurrency', script, during, { ...input, concurrency: 1 });
    assert.equal(fits.most(), 3);
  });

  test('an input that is wrong is refused in one line, before anything is asked', async () => {
    const { result, calls } = await run('cv-refused', {}, async () => {}, { ...input, modles: ['x'] });
    const { message } = (result as WorkflowFailedError).cause as ApplicationFailure;
    assert.match(message, /unknown field "modles"\. Did you mean "models"\?/);
    assert.deepEqual(calls, []);
  });
});
