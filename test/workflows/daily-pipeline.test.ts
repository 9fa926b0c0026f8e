import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import { dailyPhases, livePhases } from '../../src/kinds/daily/phases.ts';
import { scriptedActivities, watchForever } from '../support/scripted-activities.ts';
import type { Call } from '../support/scripted-activities.ts';
import { timeSkippingServer, withWorker } from '../support/temporal.ts';

const input = { dataset: 'sample', date: '2026-01-31' };
let count = 0;

describe('dailyPipeline', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await timeSkippingServer();
  });
  after(() => server.teardown());

  async function run(
    script: Partial<Activities>,
    raw: unknown,
    during: (handle: WorkflowHandle, calls: Call[]) => Promise<void> = async () => {},
  ): Promise<{ result: unknown; calls: Call[] }> {
    const { activities, calls } = scriptedActivities(script);
    const result: unknown = await withWorker(server, activities, async () => {
      const handle = await server.client.workflow.start('dailyPipeline', {
        workflowId: `daily-${(count += 1)}`,
        taskQueue: 'sevenfold',
        args: [raw],
      });
      await during(handle, calls);
      return (handle.result() as Promise<unknown>).catch((error: unknown) => error);
    });
    return { result, calls };
  }

  test('does the phases in their order and ends with the summary of the ledger', async () => {
    const { result, calls } = await run({}, input);
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(
      calls.filter(({ name }) => name === 'beginPhase').map((call) => call.input['phase']),
      dailyPhases,
    );
    assert.deepEqual(
      calls.filter(({ name }) => name === 'runBatch').map((call) => call.input['job']),
      ['pool_ingest', 'pool_metrics', 'pool_forecast'],
    );
    assert.deepEqual(
      calls.slice(-2).map(({ name }) => name),
      ['notifyRun', 'closeRun'],
    );
  });

  test('a live day fetches each source after those that it hangs on, in slices, and judges them at the end', async () => {
    const source = (name: string, after: string[] = [], sliced = false) =>
      ({ name, after, sliced, patienceMinutes: 30 }) as Awaited<ReturnType<Activities['planFetch']>>[number];
    const { result, calls } = await run(
      {
        planFetch: async () => [
          source('llama-pools'),
          source('llama-charts', ['llama-pools'], true),
          source('nyfed'),
        ],
        countWanted: async () => 450,
        fetchSource: async ({ source }) => {
          if (source === 'nyfed') throw ApplicationFailure.nonRetryable('the table is gone', 'JobFailed');
          return { source, stored: 1, bytes: 1, missing: 0 };
        },
      },
      { dataset: 'live', date: '2026-01-31' },
    );
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(
      calls.filter(({ name }) => name === 'beginPhase').map((call) => call.input['phase']),
      livePhases,
    );
    const asked = calls.filter(({ name }) => name === 'fetchSource').map(({ input }) => input);
    const charts = asked.filter((each) => each['source'] === 'llama-charts');
    assert.deepEqual(
      charts.map((each) => (each['slice'] as { from: number }).from).sort((a, b) => a - b),
      [0, 200, 400],
    );
    assert.ok(asked.findIndex((each) => each['source'] === 'llama-pools') < asked.indexOf(charts[0]!));
    assert.deepEqual(calls.find(({ name }) => name === 'settleSources')!.input['troubles'], [
      { source: 'nyfed', message: 'the table is gone' },
    ]);
  });

  test('does nothing for a phase that is whole already', async () => {
    const { calls } = await run({ beginPhase: async () => ({ reused: true }) }, input);
    assert.deepEqual(
      [...new Set(calls.map(({ name }) => name))],
      ['openRun', 'beginPhase', 'notifyRun', 'closeRun'],
    );
  });

  test('keeps the groups the half that closes the metrics phase', async () => {
    const { calls } = await run({}, input);
    const batch = calls.find((call) => call.name === 'runBatch' && call.input['job'] === 'pool_metrics');
    const groups = calls.find((call) => call.name === 'groupPools');
    assert.equal((batch?.input['fence'] as { fingerprint: string }).fingerprint, 'of metrics+rows');
    assert.equal((groups?.input['fence'] as { fingerprint: string }).fingerprint, 'of metrics');
  });

  for (const [what, raw, expected] of [
    ['a misspelt field', { dataste: 'sample', date: '2026-01-31' }, /unknown field "dataste".*dataset/],
    ['a day that does not exist', { dataset: 'sample', date: '2026-02-30' }, /2026-02-30/],
    ['a day in the future', { dataset: 'sample', date: '2199-01-01' }, /future/],
    ['a start by hand without a date', { dataset: 'sample' }, /date is missing/],
  ] as const) {
    test(`refuses ${what} in one line, before anything is called`, async () => {
      const { result, calls } = await run({}, raw);
      const cause = (result as WorkflowFailedError).cause as ApplicationFailure;
      assert.equal(cause.type, 'InvalidInput');
      assert.equal(cause.nonRetryable, true);
      assert.match(cause.message, expected);
      assert.doesNotMatch(cause.message, /\n/);
      assert.deepEqual(calls, []);
    });
  }

  test('ends RunIncomplete with the statement when a check finds the rows wrong', async () => {
    const { result, calls } = await run(
      {
        verifyPhase: async ({ phase }) => ({
          complete: phase !== 'prefilter',
          reason: 'rows: found 3, expected 4',
        }),
      },
      input,
    );
    const cause = (result as WorkflowFailedError).cause as ApplicationFailure;
    assert.equal(cause.type, 'RunIncomplete');
    assert.equal(
      calls.find(({ name }) => name === 'failPhase')?.input['reason'],
      'rows: found 3, expected 4',
    );
    assert.equal(
      calls.filter(({ name }) => name === 'runBatch').length,
      1,
      'nothing after the broken phase was started',
    );
    assert.equal(calls.at(-2)?.input['status'], 'failed');
    assert.equal(calls.at(-1)?.name, 'notifyRun', 'the message goes out once the ledger has the end');
  });

  test('tries a batch again as a new attempt when its machine went away', async () => {
    let tries = 0;
    const { result, calls } = await run(
      {
        runBatch: async ({ job }) => {
          tries += 1;
          return tries < 4
            ? {
                batchId: 'sf-x',
                engine: 'local',
                succeeded: false,
                errorType: 'Infrastructure',
                message: 'gone',
              }
            : { batchId: `sf-${job}`, engine: 'local', succeeded: true };
        },
      },
      input,
    );
    assert.equal((result as { status: string }).status, 'complete');
    const begun = calls.filter((call) => call.name === 'beginPhase' && call.input['phase'] === 'ingest');
    assert.deepEqual(
      begun.map((call) => call.input['again']),
      [false, true, true, true],
    );
  });

  test('does not try again what the data makes impossible', async () => {
    const { result, calls } = await run(
      {
        runBatch: async () => ({
          batchId: 'sf-x',
          engine: 'local',
          succeeded: false,
          errorType: 'InvalidInput',
          message: 'pools.csv line 7: tvl_usd is -1',
        }),
      },
      input,
    );
    assert.ok(result instanceof WorkflowFailedError);
    assert.equal(calls.filter(({ name }) => name === 'runBatch').length, 1);
    assert.match(
      String(calls.find(({ name }) => name === 'failPhase')?.input['reason']),
      /pools\.csv line 7/,
    );
  });

  test('gives up on a full disk after three tries, on a lost machine after eight', async () => {
    for (const [errorType, expected] of [
      ['NoSpace', 3],
      ['Infrastructure', 8],
    ] as const) {
      const { calls } = await run(
        {
          runBatch: async () => ({
            batchId: 'sf-x',
            engine: 'local',
            succeeded: false,
            errorType,
            message: 'no',
          }),
        },
        input,
      );
      assert.equal(calls.filter(({ name }) => name === 'runBatch').length, expected);
    }
  });

  test('redoes a forced phase and everything after it, and nothing before', async () => {
    const { calls } = await run({}, { ...input, forcePhases: ['prefilter'] });
    assert.deepEqual(
      calls.filter(({ name }) => name === 'beginPhase').map((call) => call.input['force']),
      dailyPhases.map((phase) => !['prepare', 'ingest'].includes(phase)),
    );
  });

  test('a cancel ends what runs before the run is closed', async () => {
    let started: () => void;
    const running = new Promise<void>((resolve) => (started = resolve));
    const { result, calls } = await run(
      {
        runBatch: async () => {
          started();
          return watchForever();
        },
      },
      input,
      async (handle) => {
        await running;
        await handle.cancel();
      },
    );
    assert.ok((result as WorkflowFailedError).cause instanceof CancelledFailure);
    const end = calls.slice(-2).map(({ name, input: given }) => [name, given['status']]);
    assert.deepEqual(end, [
      ['cancelBatches', undefined],
      ['closeRun', 'cancelled'],
    ]);
  });

  test('pauses before the next phase and resumes when asked', async () => {
    let reached: () => void;
    const inFirstPhase = new Promise<void>((resolve) => (reached = resolve));
    let letGo: () => void;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    let calledBeforeResume: string[] = [];
    const { result } = await run(
      {
        snapshotSettings: async () => {
          reached();
          await gate;
        },
      },
      input,
      async (handle, calls) => {
        await inFirstPhase;
        await handle.executeUpdate('pause');
        letGo();
        const statusOf = () =>
          calls.filter(({ name }) => name === 'setRunStatus').map((call) => call.input['status']);
        while (statusOf().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        calledBeforeResume = calls
          .filter(({ name }) => name === 'beginPhase')
          .map((call) => String(call.input['phase']));
        await assert.rejects(handle.executeUpdate('pause'), WorkflowUpdateFailedError);
        await handle.executeUpdate('resume');
      },
    );
    assert.equal((result as { status: string }).status, 'complete');
    assert.deepEqual(calledBeforeResume, ['prepare']);
  });

  test('a failed phase of a paused run waits for a person, who can retry it', async () => {
    let letGo: () => void;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    let tries = 0;
    const { result } = await run(
      {
        prefilterPools: async () => {
          tries += 1;
          if (tries > 1) return;
          await gate;
          throw ApplicationFailure.nonRetryable('No pool passed the filters.', 'InvalidInput');
        },
      },
      input,
      async (handle, calls) => {
        while (tries === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        await assert.rejects(handle.executeUpdate('retryFailed'), WorkflowUpdateFailedError);
        await handle.executeUpdate('pause');
        letGo();
        const paused = () =>
          calls.some((call) => call.name === 'setRunStatus' && call.input['status'] === 'paused');
        while (!paused()) await new Promise((resolve) => setTimeout(resolve, 20));
        await handle.executeUpdate('retryFailed');
        await handle.executeUpdate('resume');
      },
    );
    assert.equal((result as { status: string }).status, 'complete');
    assert.equal(tries, 2);
  });
});
