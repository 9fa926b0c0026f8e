import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import { scriptedActivities } from '../support/scripted-activities.ts';
import type { Call } from '../support/scripted-activities.ts';
import { scriptedRun } from '../support/scripted-run.ts';
import { developmentServer, withWorker } from '../support/temporal.ts';
import { troublesOf, troubleText } from '../../src/troubles.ts';
import { until } from '../support/until.ts';

const day = { dataset: 'sample', date: '2026-01-31' };
const backfill = { commodity: 'WTI', models: ['naive'], start: '2021-03-02', end: '2021-03-05' };

const phasesBegun = (calls: readonly Call[]) =>
  calls.filter(({ name }) => name === 'beginPhase').map(({ input }) => input['phase']);

describe('run control', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await developmentServer();
  });
  after(() => server.teardown());
  const troubles = async (workflowId: string) =>
    troublesOf(server.client, await server.client.workflow.getHandle(workflowId).describe());

  test('a bug of the workflow leaves the run open and its batches running', async () => {
    // What no activity answers makes a TypeError in the workflow's own code.
    const broken: Partial<Activities> = { beginPhase: async () => undefined as never };
    const { activities, calls } = scriptedActivities(broken);
    const status = await withWorker(server, activities, async () => {
      const handle = await server.client.workflow.start('dailyPipeline', {
        workflowId: 'bug',
        taskQueue: 'sevenfold',
        args: [day],
      });
      await until('the workflow task has failed', async () => {
        const { events } = await handle.fetchHistory();
        return events?.some(({ workflowTaskFailedEventAttributes: failed }) => failed != null) ?? false;
      });
      const described = await handle.describe();
      await until('it is tried again', async () => (await troubles('bug')).length > 0);
      const [trouble] = await troubles('bug');
      assert.equal(trouble?.what, 'workflow');
      assert.match(troubleText(trouble), /own code fails .*Cannot read properties of undefined/);
      await handle.terminate();
      return described.status.name;
    });
    assert.equal(status, 'RUNNING');
    assert.deepEqual(
      calls.map(({ name }) => name).filter((name) => /cancel|close|fail/.test(name)),
      [],
    );
  });

  test('what an activity is tried again for can be seen while nothing has failed yet', async () => {
    const { activities } = scriptedActivities({
      prefilterPools: () =>
        Promise.reject(ApplicationFailure.retryable('the database is away', 'Infrastructure')),
    });
    await withWorker(server, activities, async () => {
      const handle = await server.client.workflow.start('dailyPipeline', {
        workflowId: 'retried',
        taskQueue: 'sevenfold',
        args: [day],
      });
      await until('it is tried again', async () => ((await troubles('retried'))[0]?.attempt ?? 0) > 1);
      const [trouble] = await troubles('retried');
      assert.match(
        troubleText(trouble!),
        /^prefilterPools is being tried again \(attempt \d\): the database is away$/,
      );
      await handle.terminate();
    });
  });

  test('a cancel while the run opens closes what was opened', async () => {
    let opening = false;
    let letGo = () => {};
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const { result, calls } = await scriptedRun(
      server,
      'dailyPipeline',
      'cancelled-early',
      {
        openRun: async () => {
          opening = true;
          await gate;
          return { runId: 'run-1', attempt: 1, engine: 'local' };
        },
      },
      day,
      async (handle) => {
        await until('it opens', () => opening);
        await handle.cancel();
        letGo();
      },
    );
    assert.ok((result as WorkflowFailedError).cause instanceof CancelledFailure);
    assert.equal(calls.at(-1)?.name, 'closeRun');
    assert.equal(calls.at(-1)?.input['status'], 'cancelled');
    assert.deepEqual(phasesBegun(calls), []);
  });

  test('a retry that is asked for while the failure is being noted counts', async () => {
    let noting = false;
    let letGo = () => {};
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    let tries = 0;
    const { result } = await scriptedRun(
      server,
      'dailyPipeline',
      'retried-early',
      {
        prefilterPools: async () => {
          tries += 1;
          if (tries === 1) throw ApplicationFailure.nonRetryable('No pool passed.', 'InvalidInput');
        },
        failPhase: async () => {
          noting = true;
          await gate;
        },
      },
      day,
      async (handle) => {
        await until('the failure is noted', () => noting);
        await handle.executeUpdate('retryFailed');
        letGo();
      },
    );
    assert.equal((result as { status?: string }).status, 'complete');
    assert.equal(tries, 2);
  });

  test('a retry that is asked for while later steps run does the failed one again, and what follows it', async () => {
    let letGo = () => {};
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    let reporting = false;
    let trained = 0;
    const { result, calls } = await scriptedRun(
      server,
      'forecastBackfill',
      'retried-late',
      {
        verifyPhase: async ({ phase }) => {
          if (phase !== 'train') return { complete: true, reason: '' };
          trained += 1;
          return { complete: trained > 1, reason: 'rows: found 0, expected 1' };
        },
        writeReport: async () => {
          reporting = true;
          await gate;
        },
      },
      backfill,
      async (handle) => {
        await until('the page is being written', () => reporting);
        assert.match(
          await handle.executeUpdate<string, []>('retryFailed'),
          /train is tried again after report/,
        );
        letGo();
      },
    );
    assert.equal((result as { status?: string }).status, 'complete');
    const begun = phasesBegun(calls);
    const first = begun.slice(0, begun.length / 2);
    assert.deepEqual(begun, [...first, ...first], 'a second pass looks at every step again');
  });
});
