import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/activities/index.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import { nominalTimes } from '../../src/schedules/cron.ts';
import { owedRuns } from '../../src/schedules/deadlines.ts';
import { readSchedules } from '../../src/schedules/entries.ts';
import type { ScheduleEntry } from '../../src/schedules/entries.ts';
import { readApplied } from '../../src/schedules/ledger.ts';
import { listSchedules } from '../../src/schedules/list.ts';
import { applySchedules, pauseSchedule, removeSchedule, strayIds } from '../../src/schedules/temporal.ts';
import { testDatabase } from '../support/postgres.ts';
import { scriptedActivities } from '../support/scripted-activities.ts';
import { developmentServer, withWorker } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const installation = { checkout: readConfig().checkout, dataset: 'sample', datasetPath: undefined } as const;
let count = 0;

/** The shipped daily run under a name of the test's own: the tests of this file share a server. */
function entry(change: Partial<ScheduleEntry> = {}): ScheduleEntry {
  const [read] = readSchedules(
    [
      {
        id: `daily-${(count += 1)}`,
        workflow: 'dailyPipeline',
        cron: '1 0 * * *',
        overlap: 'BufferAll',
        catchUpWindow: '7d',
        deadline: '2h',
        ...change,
      },
    ],
    installation,
  );
  return read!;
}

async function open(t: TestContext) {
  const database = openDatabase(await testDatabase(t), 'test', 2);
  t.after(() => database.end());
  return database;
}

describe('schedules in Temporal', () => {
  let server: TestWorkflowEnvironment;
  before(async () => {
    server = await developmentServer();
  });
  after(() => server.teardown());

  const apply = (database: Awaited<ReturnType<typeof open>>, entries: ScheduleEntry[], dryRun = false) =>
    applySchedules(server.client, database, entries, { dryRun, now: new Date() }).then((results) =>
      results.map(({ action }) => action),
    );

  test('apply creates what is missing, changes what differs, and leaves the rest', async (t) => {
    const database = await open(t);
    const one = entry();
    assert.deepEqual(await apply(database, [one], true), ['created']);
    assert.deepEqual(await readApplied(database), [], 'a dry run changes nothing');
    assert.deepEqual(await apply(database, [one]), ['created']);
    assert.deepEqual(await apply(database, [one]), ['unchanged']);
    assert.deepEqual(await apply(database, [{ ...one, deadline: '3h' }, entry()]), ['updated', 'created']);
    assert.deepEqual(await apply(database, [{ ...one, deadline: '3h' }]), ['unchanged']);

    const found = await server.client.schedule.getHandle(one.id).describe();
    assert.equal(found.state.note, 'complete within 3h of its time (UTC), else an alert');
    assert.equal(found.policies.overlap, 'BUFFER_ALL');
    assert.equal(found.policies.catchupWindow, 7 * 86_400_000);
    assert.equal(found.policies.pauseOnFailure, false);
    assert.equal(found.action.taskQueue, 'sevenfold');
    assert.equal(found.action.priority?.priorityKey, 1);
    assert.deepEqual(found.action.args, [{ dataset: 'sample' }]);
    assert.deepEqual(found.action.memo, { schedule: one.id, deadline: '3h' });
  });

  test('apply puts right what somebody changed by hand, and what somebody deleted', async (t) => {
    const database = await open(t);
    const one = entry();
    await apply(database, [one]);
    const handle = server.client.schedule.getHandle(one.id);
    await handle.update((now) => ({ ...now, spec: { cronExpressions: ['30 6 * * *'] } }));
    assert.deepEqual(await apply(database, [one]), ['updated']);
    assert.equal((await handle.describe()).info.nextActionTimes[0]?.toISOString().slice(11, 16), '00:01');
    await handle.delete();
    assert.deepEqual(await apply(database, [one]), ['created']);
  });

  test('a pause stays when the schedule is changed, and its note with it', async (t) => {
    const database = await open(t);
    const one = entry();
    await apply(database, [one]);
    await pauseSchedule(server.client, database, one.id, { paused: true, note: 'audit', now: new Date() });
    assert.deepEqual(await apply(database, [{ ...one, deadline: '4h' }]), ['updated']);
    const { state } = await server.client.schedule.getHandle(one.id).describe();
    assert.deepEqual([state.paused, state.note], [true, 'audit']);
    assert.equal((await readApplied(database))[0]!.pauses.length, 1);
  });

  test('a pause that was made in Temporal itself reaches the ledger with the next list', async (t) => {
    const database = await open(t);
    const one = entry();
    await apply(database, [one]);
    await server.client.schedule.getHandle(one.id).pause('from the UI');
    const [listed] = await listSchedules(server.client, database, [one], new Date());
    assert.deepEqual([listed!.state, listed!.note, listed!.nextTimes], ['paused', 'from the UI', []]);
    const tomorrow = new Date(Date.now() + 86_400_000);
    assert.deepEqual(owedRuns(await readApplied(database), tomorrow), []);
  });

  test('schedules that the file no longer has are named, those of others never', async (t) => {
    const database = await open(t);
    const [kept, dropped] = [entry(), entry()];
    await apply(database, [kept, dropped]);
    const foreign = `foreign-${kept.id}`;
    await server.client.schedule.create({
      scheduleId: foreign,
      spec: { cronExpressions: ['0 0 1 1 *'] },
      action: { type: 'startWorkflow', workflowType: 'other', taskQueue: 'other' },
    });
    // Temporal's list knows of a schedule some moments later.
    await until('it is listed', async () => {
      const strays = await strayIds(server.client, database, [kept]);
      return strays.includes(dropped.id) && !strays.includes(foreign);
    });
    await assert.rejects(apply(database, [entry({ id: foreign })]), /sevenfold did not make/);
    assert.equal(await removeSchedule(server.client, database, dropped.id, new Date()), true);
    assert.equal(await removeSchedule(server.client, database, dropped.id, new Date()), false);
    await assert.rejects(server.client.schedule.getHandle(dropped.id).describe(), {
      name: 'ScheduleNotFoundError',
    });
  });

  test('the deadlines reckon with the times at which Temporal really starts', async (t) => {
    const database = await open(t);
    for (const cron of [
      '1 0 * * *',
      '*/7 3-5 * * *',
      '0 12 1,15 * *',
      '30 22 * * MON-FRI',
      '0 6 * JUL,dec 0',
    ]) {
      const one = entry({ cron });
      await apply(database, [one]);
      const { info } = await server.client.schedule.getHandle(one.id).describe();
      const next = info.nextActionTimes;
      const ours = nominalTimes(cron, new Date(next[0]!.getTime() - 1), next.at(-1)!, 100);
      assert.ok(next.length >= 5, cron);
      assert.deepEqual(ours, next, cron);
    }
  });

  test('a trigger runs today, a backfill each of its days by its own date, one after the other', async (t) => {
    const database = await open(t);
    const one = entry();
    const opened: { date: string; workflowId: string }[] = [];
    let atWork = 0;
    let mostAtWork = 0;
    const script = {
      openRun: async (input: { date: string; workflowId: string }) => {
        opened.push({ date: input.date, workflowId: input.workflowId });
        mostAtWork = Math.max(mostAtWork, (atWork += 1));
        return { runId: `run-${opened.length}`, attempt: 1, engine: 'local' };
      },
      beginPhase: async () => ({ reused: true as const }),
      notifyRun: async () => {},
      closeRun: async ({ runId }: { runId: string }) => {
        atWork -= 1;
        return { runId, key: '', status: 'complete', statement: '', counts: {} };
      },
    } as unknown as Partial<Activities>;
    const { activities } = scriptedActivities(script);
    await apply(database, [one]);
    const handle = server.client.schedule.getHandle(one.id);
    await withWorker(server, activities, async () => {
      await handle.trigger();
      await until('today is done', () => opened.length === 1 && atWork === 0);
      assert.equal(opened[0]!.date, new Date().toISOString().slice(0, 10));

      await handle.backfill({
        start: new Date('2026-02-27T00:00:00Z'),
        end: new Date('2026-03-01T23:00:00Z'),
      });
      await until('three more are done', () => opened.length === 4 && atWork === 0);
    });
    assert.deepEqual(opened.slice(1), [
      { date: '2026-02-27', workflowId: `${one.id}-2026-02-27T00:01:00Z` },
      { date: '2026-02-28', workflowId: `${one.id}-2026-02-28T00:01:00Z` },
      { date: '2026-03-01', workflowId: `${one.id}-2026-03-01T00:01:00Z` },
    ]);
    assert.equal(mostAtWork, 1);
    const [owed] = owedRuns(
      [{ ...(await readApplied(database))[0]!, countsFrom: new Date('2026-02-26T12:00:00Z') }],
      new Date('2026-02-27T12:00:00Z'),
    );
    assert.equal(
      owed!.workflowId,
      opened[1]!.workflowId,
      'the id by which the deadline check looks for the run',
    );
  });
});
