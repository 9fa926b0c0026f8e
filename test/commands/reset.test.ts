import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import { closeRun } from '../../src/activities/runs.ts';
import type { Session } from '../../src/commands/session.ts';
import { startAndFollow } from '../../src/commands/start-run.ts';
import type { Start } from '../../src/commands/start-run.ts';
import { isLeftOpen, isWorkedOn } from '../../src/commands/steer.ts';
import { openDatabase } from '../../src/database/pool.ts';
import { claimRun, findRun } from '../../src/ledger/runs.ts';
import { isOpenInTemporal } from '../../src/open-in-temporal.ts';
import { scriptedActivities } from '../support/scripted-activities.ts';
import { testDatabase } from '../support/postgres.ts';
import { developmentServer, withWorker } from '../support/temporal.ts';
import { until } from '../support/until.ts';

/** A run on a real Temporal whose claim and end are those of the ledger; its phases do nothing, the first when it may. */
async function place(t: TestContext, server: TestWorkflowEnvironment, day: string) {
  const database = openDatabase(await testDatabase(t), 'test', 4);
  t.after(() => database.end());
  const key = `daily/sample/${day}`;
  let mayGo = false;
  const script: Partial<Activities> = {
    openRun: async ({ workflowId, workflowRunId }) => {
      const claim = {
        workflowId,
        workflowRunId,
        kind: 'dailyPipeline',
        dataset: 'sample',
        date: day,
        priority: 1,
      };
      const run = await claimRun(
        database,
        { ...claim, key, engine: 'local', input: { dataset: 'sample' } },
        (holder) => isOpenInTemporal(server.client, holder),
      );
      return { runId: run.runId, attempt: run.attempt, engine: 'local' };
    },
    beginPhase: async (input) => {
      await until('the test lets it go', () => mayGo, 120_000);
      return { reused: true, fence: { runId: input.runId, unit: input.phase, attempt: 1, fingerprint: '' } };
    },
    closeRun: (input) => closeRun({ database }, input),
  };
  const session: Session = {
    database,
    revive: async () => {},
    temporal: async () => server.client,
  };
  const start: Start = {
    workflow: 'dailyPipeline',
    key,
    input: { dataset: 'sample', date: day },
    priority: 1,
  };
  return {
    ...{ session, start, key, activities: scriptedActivities(script).activities },
    claimed: async () => (await findRun(database, key)) !== undefined,
    run: async () => (await findRun(database, key))!,
    letGo: () => void (mayGo = true),
  };
}

describe('a run on a real Temporal', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await developmentServer();
  });
  after(() => server.teardown());

  test('that is reset is the same run, to whoever follows it and to its own claim', async (t) => {
    const { session, start, key, activities, claimed, run, letGo } = await place(t, server, '2026-01-30');
    const ended = await withWorker(server, activities, async () => {
      const following = startAndFollow(session, undefined, start);
      await until('the claim', claimed, 60_000);
      const { runId } = await server.client.workflow.getHandle(key).describe();
      await server.client.workflowService.resetWorkflowExecution({
        namespace: server.client.options.namespace,
        workflowExecution: { workflowId: key, runId },
        reason: 'a test',
        requestId: 'reset-1',
        // The number of the event: the library takes it as it is, its types ask for an object.
        workflowTaskFinishEventId: 4 as never,
      });
      assert.notEqual((await server.client.workflow.getHandle(key).describe()).runId, runId);
      assert.ok(await isWorkedOn(session, await run()), 'another execution, the same run');
      letGo();
      return following;
    });
    assert.deepEqual([ended.run.status, ended.run.attempt], ['complete', 1]);
  });

  test('that is terminated is reported to whoever follows it, and is left open', async (t) => {
    const { session, start, key, activities, claimed, run, letGo } = await place(t, server, '2026-01-29');
    await withWorker(server, activities, async () => {
      const following = startAndFollow(session, undefined, start);
      await until('the claim', claimed, 60_000);
      await server.client.workflow.getHandle(key).terminate();
      await assert.rejects(following, { type: 'RunIncomplete', message: /ended from outside/ });
      assert.ok(await isLeftOpen(session, await run()));
      letGo();
    });
  });
});
