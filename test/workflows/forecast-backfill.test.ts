import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Context } from '@temporalio/activity';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import { setConcurrencyUpdate } from '../../src/workflows/concurrency.ts';
import { skipUpdate } from '../../src/workflows/forecast-work.ts';
import { crowd } from '../support/crowd.ts';
import type { Call } from '../support/scripted-activities.ts';
import { scriptedRun } from '../support/scripted-run.ts';
import { timeSkippingServer } from '../support/temporal.ts';

const input = { commodity: 'WTI', models: ['naive'], start: '2021-03-02', end: '2021-03-05' };

/** A ledger of chunks: each round hands out those that are left; a chunk is left until its batch succeeds. */
function chunksLeft(perRound: Record<string, number[]>): Partial<Activities> {
  return {
    planRound: async ({ unit }) => {
      const chunks = perRound[unit]?.shift() ?? 0;
      return { first: 1, last: chunks, waiting: false };
    },
    beginChunk: async ({ runId, unit, chunk }) => ({
      fence: { runId, unit: `chunk ${chunk}`, attempt: 1, fingerprint: '' },
      job: unit === 'train' ? 'forecast_train' : 'forecast_infer',
      input: { chunk },
    }),
  };
}

describe('forecastBackfill', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await timeSkippingServer();
  });
  after(() => server.teardown());

  const run = (
    id: string,
    script: Partial<Activities>,
    given: object = input,
    during?: (handle: WorkflowHandle) => Promise<unknown>,
  ) => scriptedRun(server, 'forecastBackfill', id, script, given, during);

  const jobs = (calls: readonly Call[]) =>
    calls.filter(({ name }) => name === 'runBatch').map((call) => call.input['job']);
  const phases = (calls: readonly Call[]) =>
    calls.filter(({ name }) => name === 'beginPhase').map((call) => call.input['phase']);

  test('trains what is missing, makes the dates, scores them and writes the page', async () => {
    const { result, calls } = await run('backfill-1', chunksLeft({ train: [1], infer: [3] }));
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(phases(calls), ['train', 'infer', 'evaluate', 'report']);
    assert.deepEqual(jobs(calls), [
      'forecast_train',
      'forecast_infer',
      'forecast_infer',
      'forecast_infer',
      'forecast_evaluate',
    ]);
  });

  test('no more than the asked number of chunks are in flight', async () => {
    const chunks = crowd(3);
    await run(
      'backfill-2',
      {
        ...chunksLeft({ infer: [12] }),
        runBatch: async ({ job }) => {
          if (job === 'forecast_infer') await chunks.pass();
          return { batchId: 'b', engine: 'local', succeeded: true };
        },
      },
      { ...input, concurrency: 3 },
    );
    assert.equal(chunks.most(), 3);
  });

  test('what failed in a chunk is noted, and the next round takes it up', async () => {
    let tries = 0;
    const { result, calls } = await run('backfill-3', {
      ...chunksLeft({ infer: [1, 1] }),
      runBatch: async ({ job }) => {
        if (job !== 'forecast_infer') return { batchId: 'b', engine: 'local', succeeded: true };
        tries += 1;
        const failed = [{ dates: ['2021-03-03'], errorType: 'JobFailed', message: 'refused' }];
        return { batchId: 'b', engine: 'local', succeeded: true, result: tries === 1 ? { failed } : {} };
      },
    });
    assert.equal((result as { status: string }).status, 'complete');
    const noted = calls.filter(({ name }) => name === 'noteChunk').map((call) => call.input);
    assert.deepEqual(noted, [
      {
        runId: 'run-1',
        chunk: 1,
        failures: [{ dates: ['2021-03-03'], errorType: 'JobFailed', message: 'refused' }],
      },
    ]);
  });

  test('a batch that failed as a whole is the failure of its whole chunk', async () => {
    const { calls } = await run('backfill-4', {
      ...chunksLeft({ infer: [1] }),
      runBatch: async ({ job }) => ({
        batchId: 'sf-1',
        engine: 'local',
        succeeded: job !== 'forecast_infer',
        errorType: 'OutOfMemory' as const,
        message: 'killed',
      }),
    });
    const noted = calls.find(({ name }) => name === 'noteChunk')!.input;
    assert.deepEqual(noted['failures'], [{ errorType: 'OutOfMemory', message: 'sf-1: killed' }]);
  });

  test('dates that stay undone end the run partial, after its scores and its page', async () => {
    const { result, calls } = await run('backfill-5', {
      verifyPhase: async ({ phase }) => ({
        complete: phase !== 'infer',
        reason: 'rows: found 3, expected 4',
      }),
    });
    const { cause } = result as WorkflowFailedError;
    assert.equal((cause as ApplicationFailure).type, 'RunIncomplete');
    assert.deepEqual(phases(calls), ['train', 'infer', 'evaluate', 'report']);
    assert.equal(calls.find(({ name }) => name === 'closeRun')!.input['status'], 'partial');
    assert.equal(calls.filter(({ name }) => name === 'failPhase').length, 0, 'the verdict by rows stands');
  });

  test('only looks where it is asked to, and neither trains nor scores', async () => {
    const { calls } = await run('backfill-6', chunksLeft({ train: [1], infer: [1] }), {
      ...input,
      verifyOnly: true,
    });
    assert.deepEqual(phases(calls), ['train', 'infer', 'report']);
    assert.deepEqual(jobs(calls), []);
  });

  test('its width can be changed and dates skipped while it runs; what makes no sense is refused', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    // Before its first batch the run may not have laid out its dates, and says "ask again".
    let send = (): void => {};
    const sent = new Promise<void>((resolve) => (send = resolve));
    const { calls } = await run(
      'backfill-7',
      {
        ...chunksLeft({ infer: [1] }),
        runBatch: async () => {
          send();
          await held;
          return { batchId: 'b', engine: 'local', succeeded: true };
        },
      },
      input,
      async (handle) => {
        await sent;
        await assert.rejects(handle.executeUpdate(setConcurrencyUpdate, { args: [0] }), (error: Error) =>
          /from 1 to 64/.test(String(error.cause)),
        );
        assert.match(await handle.executeUpdate(setConcurrencyUpdate, { args: [5] }), /5 chunks/);
        const ranges = [{ first: '2021-03-03', last: '2021-03-03' }];
        await assert.rejects(
          handle.executeUpdate(skipUpdate, { args: [{ ranges, reason: ' ' }] }),
          (error: Error) => /Say why/.test(String(error.cause)),
        );
        await handle.executeUpdate(skipUpdate, { args: [{ ranges, reason: 'holiday' }] });
        release();
      },
    );
    assert.deepEqual(calls.find(({ name }) => name === 'skipDates')!.input, {
      runId: 'run-1',
      ranges: [{ first: '2021-03-03', last: '2021-03-03' }],
      reason: 'holiday',
    });
  });

  test('its chunks wait behind the batches of a daily run, in Temporal and on the engine', async () => {
    const prioritiesOf = async (workflow: string, given: object) => {
      const inTemporal: number[] = [];
      const script: Partial<Activities> = {
        ...chunksLeft({ train: [1], infer: [2] }),
        runBatch: async () => {
          inTemporal.push(Context.current().info.priority!.priorityKey!);
          return { batchId: 'b', engine: 'local', succeeded: true };
        },
      };
      const { calls } = await scriptedRun(server, workflow, `priority-of-${workflow}`, script, given);
      // An engine queues a batch by the priority of its run.
      const opened = calls.find(({ name }) => name === 'openRun' || name === 'openForecasts')!;
      return { inTemporal, onTheEngine: opened.input['priority'] as number };
    };
    const daily = await prioritiesOf('dailyPipeline', { dataset: 'sample', date: '2026-01-31' });
    const backfill = await prioritiesOf('forecastBackfill', input);
    assert.deepEqual([daily.inTemporal.length, backfill.inTemporal.length], [3, 4]);
    assert.ok(
      Math.max(...daily.inTemporal) < Math.min(...backfill.inTemporal),
      'the lower number goes first',
    );
    assert.ok(daily.onTheEngine < backfill.onTheEngine);
  });

  test('a full history goes on in a new one, with its width, and no chunk is lost or sent twice', async () => {
    const total = 900;
    const left = new Set(Array.from({ length: total }, (_, index) => index + 1));
    const sent: number[] = [];
    const { result } = await run(
      'backfill-8',
      {
        planRound: async ({ unit }) =>
          unit === 'train' || left.size === 0
            ? { first: 1, last: 0, waiting: false }
            : { first: Math.min(...left), last: total, waiting: false },
        beginChunk: async ({ runId, chunk }) => ({
          fence: { runId, unit: `chunk ${chunk}`, attempt: 1, fingerprint: '' },
          job: 'forecast_infer',
          input: { chunk },
        }),
        runBatch: async ({ job, input: { chunk } }) => {
          if (job === 'forecast_infer') {
            sent.push(chunk as number);
            left.delete(chunk as number);
          }
          return { batchId: 'b', engine: 'local', succeeded: true };
        },
      },
      { ...input, concurrency: 8 },
    );
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(
      sent.sort((a, b) => a - b),
      Array.from({ length: total }, (_, index) => index + 1),
    );
    const { raw } = await server.client.workflow.getHandle('backfill-8').describe();
    assert.notEqual(raw.workflowExecutionInfo!.firstRunId, raw.workflowExecutionInfo!.execution!.runId);
    assert.ok(Number(raw.workflowExecutionInfo!.historyLength) < 10_000);
  });
});
