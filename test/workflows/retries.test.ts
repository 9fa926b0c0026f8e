import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import type { BatchOutcome } from '../../src/activities/run-batch.ts';
import type { FailureType } from '../../src/failures.ts';
import { scriptedActivities } from '../support/scripted-activities.ts';
import { timeSkippingServer, withWorker } from '../support/temporal.ts';

const day = { dataset: 'sample', date: '2026-01-31' };
const backfill = { commodity: 'WTI', models: ['naive'], start: '2021-03-02', end: '2021-03-05' };
const good: BatchOutcome = { batchId: 'sf-x', engine: 'dataproc', succeeded: true };
const bad = (errorType: FailureType): BatchOutcome => ({
  ...good,
  succeeded: false,
  errorType,
  message: 'as it was reported',
});

describe('how failed batches are tried again', () => {
  let server: TestWorkflowEnvironment;
  let count = 0;
  before(async () => {
    server = await timeSkippingServer();
  });
  after(() => server.teardown());

  async function run(workflow: string, input: object, script: Partial<Activities>): Promise<unknown> {
    const { activities } = scriptedActivities(script);
    return withWorker(server, activities, () =>
      server.client.workflow
        .execute(workflow, { workflowId: `retries-${(count += 1)}`, taskQueue: 'sevenfold', args: [input] })
        .catch((error: unknown) => error),
    );
  }

  /** When the batches of the first phase were sent, in seconds after the first, by the server's own clock. */
  async function sendings(
    answer: (tried: number) => BatchOutcome,
  ): Promise<{ at: number[]; result: unknown }> {
    const at: number[] = [];
    const result = await run('dailyPipeline', day, {
      runBatch: async ({ job }) => {
        if (job !== 'pool_ingest') return good;
        at.push(await server.currentTimeMs());
        return answer(at.length);
      },
    });
    return { at: at.map((time) => Math.round((time - at[0]!) / 1_000)), result };
  }

  test('a batch that met a used-up quota is sent again after a minute, and again', async () => {
    const { at, result } = await sendings((tried) => (tried < 3 ? bad('QuotaExceeded') : good));
    assert.equal((result as { status?: string }).status, 'complete');
    assert.deepEqual(at.length, 3);
    assert.ok(at[1]! >= 60 && at[1]! < 75, `${at[1]} s`);
    assert.ok(at[2]! >= 120 && at[2]! < 145, `${at[2]} s`);
  });

  test('a create that is refused for its quota is repeated after a minute, as the same attempt', async () => {
    const times: number[] = [];
    const attempts = new Set<number>();
    const result = await run('dailyPipeline', day, {
      runBatch: async ({ job, fence }) => {
        if (job !== 'pool_ingest') return good;
        times.push(await server.currentTimeMs());
        attempts.add(fence.attempt);
        if (times.length > 2) return good;
        throw ApplicationFailure.create({ type: 'QuotaExceeded', message: 'CPUs', nextRetryDelay: 60_000 });
      },
    });
    assert.equal((result as { status?: string }).status, 'complete');
    assert.deepEqual([times.length, attempts.size], [3, 1]);
    assert.ok(times[1]! - times[0]! >= 60_000 && times[2]! - times[1]! >= 60_000);
  });

  test('an executor that was lost is replaced soon, and given up after eight tries', async () => {
    const { at, result } = await sendings(() => bad('ExecutorLost'));
    assert.equal(at.length, 8);
    assert.ok(at[1]! < 10, `${at[1]} s`);
    const { type, message } = (result as WorkflowFailedError).cause as ApplicationFailure;
    assert.equal(type, 'RunIncomplete');
    assert.ok(message.length > 0);
  });

  for (const [type, tries] of [
    ['InvalidInput', 1],
    ['JobFailed', 1],
    ['NotOurs', 1],
    ['OutOfMemory', 3],
    ['TimedOut', 3],
  ] as const) {
    test(`${type}: ${tries} ${tries === 1 ? 'try' : 'tries'}`, async () => {
      const { at, result } = await sendings(() => bad(type));
      assert.equal(at.length, tries);
      assert.equal(((result as WorkflowFailedError).cause as ApplicationFailure).type, 'RunIncomplete');
    });
  }

  test('a backfill waits a minute before the round in which a chunk that met a quota is sent again', async () => {
    const at: number[] = [];
    await run('forecastBackfill', backfill, {
      planRound: async ({ unit }) => {
        if (unit !== 'infer' || at.length === 3) return { first: 1, last: 0, waiting: false };
        const again = at.length > 0;
        return { first: 1, last: 1, waiting: again, ...(again && { after: 'QuotaExceeded' as const }) };
      },
      beginChunk: async ({ runId, chunk }) => ({
        fence: { runId, unit: `chunk ${chunk}`, attempt: 1, fingerprint: '' },
        job: 'forecast_infer',
        input: {},
      }),
      runBatch: async ({ job }) => {
        if (job !== 'forecast_infer') return good;
        at.push(await server.currentTimeMs());
        return bad('QuotaExceeded');
      },
    });
    assert.equal(at.length, 3);
    for (const index of [1, 2]) {
      const waited = at[index]! - at[index - 1]!;
      assert.ok(waited >= 60_000 && waited < 75_000, `${waited} ms`);
    }
  });
});
