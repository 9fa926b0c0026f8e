import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { checkDeadlines } from '../../src/schedules/check.ts';
import type { Notify } from '../../src/schedules/check.ts';
import { readSchedules } from '../../src/schedules/entries.ts';
import {
  openAlerts,
  readApplied,
  recordApplied,
  recordPaused,
  recordRemoved,
} from '../../src/schedules/ledger.ts';
import { watchDeadlines } from '../../src/stack/deadlines.ts';
import { testDatabase } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const at = (text: string) => new Date(`${text}Z`);

const [live] = readSchedules(
  [{ id: 'daily', workflow: 'dailyPipeline', cron: '1 0 * * *', deadline: '2h' }],
  { checkout: '/', dataset: 'files', datasetPath: '/data/fund' },
);
const sample = { ...live!, id: 'sample', input: { dataset: 'sample' } };

async function open(t: TestContext): Promise<Database> {
  const database = openDatabase(await testDatabase(t), 'test', 2);
  t.after(() => database.end());
  return database;
}

async function run(database: Database, day: string, status: string, dataset = 'files/fund'): Promise<void> {
  await database.query(
    `insert into runs (key, kind, dataset, date, status, workflow_id, workflow_run_id, input, claimed_at)
     values ($1, 'dailyPipeline', $2, $3, $4, 'w', 'r', '{}', $3::date + interval '90 s')
     on conflict (key) do update set status = excluded.status`,
    [`daily/${dataset}/${day}`, dataset, day, status],
  );
}

/** Takes messages, or refuses them until it is released. */
function receiver(): { notify: Notify; got: string[]; broken: { yes: boolean } } {
  const got: string[] = [];
  const broken = { yes: false };
  return {
    got,
    broken,
    async notify(text) {
      if (broken.yes) return { sent: false, problem: 'status 500' };
      got.push(text);
      return { sent: true };
    },
  };
}

describe('the check of deadlines', () => {
  test('alerts once for a run that did not start, once more when it is late, and closes both when it completes', async (t) => {
    const database = await open(t);
    const slack = receiver();
    await recordApplied(database, live!, '', at('2026-11-03T12:00:00'));
    const check = (now: string) => checkDeadlines(database, at(now), slack.notify);

    assert.deepEqual((await check('2026-11-04T00:10:00')).raised, []);
    const [first] = (await check('2026-11-04T00:17:00')).raised;
    assert.match(first!, /^schedule daily: the run of 2026-11-04 00:01 UTC did not start/);
    assert.deepEqual((await check('2026-11-04T00:18:00')).raised, []);

    await run(database, '2026-11-04', 'running');
    assert.deepEqual((await check('2026-11-04T02:00:00')).raised, []);
    const [second] = (await check('2026-11-04T02:02:00')).raised;
    assert.match(second!, /was not complete by 2026-11-04 02:01 UTC: it is running/);
    assert.deepEqual(slack.got, [first, second]);

    await run(database, '2026-11-04', 'complete');
    const last = await check('2026-11-04T05:00:00');
    assert.equal(last.resolved, 2);
    assert.deepEqual(last.open, []);
    assert.equal(slack.got.length, 2);
  });

  test('a run that a person started for that day counts, whatever its workflow is called', async (t) => {
    const database = await open(t);
    await recordApplied(database, live!, '', at('2026-11-03T12:00:00'));
    await run(database, '2026-11-04', 'complete');
    assert.deepEqual((await checkDeadlines(database, at('2026-11-04T09:00:00'), undefined)).raised, []);
  });

  test('ten days missed are one line, and ten rows', async (t) => {
    const database = await open(t);
    const slack = receiver();
    await recordApplied(database, live!, '', at('2026-11-03T12:00:00'));
    const { raised, open: late } = await checkDeadlines(database, at('2026-11-13T09:00:00'), slack.notify);
    assert.deepEqual(raised, [
      'schedule daily: 10 runs did not start, 2026-11-04 00:01 UTC to 2026-11-13 00:01 UTC. See: npx sevenfold schedule list',
    ]);
    assert.deepEqual(slack.got, raised);
    assert.equal(late.length, 10);
  });

  test('nothing made from sample data leaves the machine', async (t) => {
    const database = await open(t);
    const slack = receiver();
    await recordApplied(database, sample, '', at('2026-11-03T12:00:00'));
    const { raised, open: late } = await checkDeadlines(database, at('2026-11-04T09:00:00'), slack.notify);
    assert.equal(raised.length, 1);
    assert.equal(late[0]!.notifiedAt, null);
    assert.deepEqual(slack.got, []);
  });

  test('a message that did not arrive is tried again, and arrives once', async (t) => {
    const database = await open(t);
    const slack = receiver();
    slack.broken.yes = true;
    await recordApplied(database, live!, '', at('2026-11-03T12:00:00'));
    const refused = await checkDeadlines(database, at('2026-11-04T09:00:00'), slack.notify);
    assert.deepEqual(refused.problems, ['status 500']);
    slack.broken.yes = false;
    await checkDeadlines(database, at('2026-11-04T09:01:00'), slack.notify);
    await checkDeadlines(database, at('2026-11-04T09:02:00'), slack.notify);
    assert.equal(slack.got.length, 1);
  });

  test('two checks at once, as of a supervisor and a timer, tell of one alert', async (t) => {
    const database = await open(t);
    const slack = receiver();
    await recordApplied(database, live!, '', at('2026-11-03T12:00:00'));
    const now = at('2026-11-04T09:00:00');
    await Promise.all([
      checkDeadlines(database, now, slack.notify),
      checkDeadlines(database, now, slack.notify),
    ]);
    assert.equal(slack.got.length, 1);
  });

  test('a deadline that is changed does not make the days before it late; other times start anew', async (t) => {
    const database = await open(t);
    await recordApplied(database, live!, '', at('2026-11-01T12:00:00'));
    await recordApplied(database, { ...live!, deadline: '3h' }, '', at('2026-11-03T12:00:00'));
    assert.deepEqual((await readApplied(database))[0]!.countsFrom, at('2026-11-01T12:00:00'));
    const other = { ...live!, input: { dataset: 'files', path: '/data/other' } };
    await recordApplied(database, other, '', at('2026-11-03T13:00:00'));
    assert.deepEqual((await readApplied(database))[0]!.countsFrom, at('2026-11-03T13:00:00'));
  });

  test('what was missed in a pause is nobody’s fault, what was missed before it is', async (t) => {
    const database = await open(t);
    await recordApplied(database, live!, '', at('2026-11-03T12:00:00'));
    await recordPaused(database, 'daily', true, at('2026-11-04T12:00:00'));
    await recordPaused(database, 'daily', true, at('2026-11-05T12:00:00'));
    await recordPaused(database, 'daily', false, at('2026-11-07T12:00:00'));
    await recordPaused(database, 'daily', false, at('2026-11-07T13:00:00'));
    assert.deepEqual((await readApplied(database))[0]!.pauses, [
      { from: at('2026-11-04T12:00:00'), to: at('2026-11-07T12:00:00') },
    ]);
    const { open: late } = await checkDeadlines(database, at('2026-11-08T12:00:00'), undefined);
    assert.deepEqual(
      late.map(({ nominalTime }) => nominalTime),
      [at('2026-11-08T00:01:00'), at('2026-11-04T00:01:00')],
    );
  });

  test('a schedule that is removed owes nothing more, and applied again it owes nothing of the time between', async (t) => {
    const database = await open(t);
    await recordApplied(database, live!, '', at('2026-11-03T12:00:00'));
    await checkDeadlines(database, at('2026-11-04T12:00:00'), undefined);
    await recordRemoved(database, 'daily', at('2026-11-04T13:00:00'));
    assert.deepEqual(await openAlerts(database), []);
    await recordApplied(database, live!, '', at('2026-11-06T12:00:00'));
    const { open: late } = await checkDeadlines(database, at('2026-11-07T12:00:00'), undefined);
    assert.deepEqual(
      late.map(({ nominalTime }) => nominalTime),
      [at('2026-11-07T00:01:00')],
    );
  });
});

describe('the watch in the supervisor', () => {
  test('says once that the database is away, goes on, and says once what is late', async (t) => {
    const url = await testDatabase(t);
    const database = openDatabase(url, 'test', 1);
    t.after(() => database.end());
    await recordApplied(database, live!, '', at('2026-11-03T12:00:00'));
    const lines: string[] = [];
    const slack = receiver();
    const end = new AbortController();
    let asked = 0;
    let away = true;
    const watching = watchDeadlines({
      databaseUrl: () => {
        asked += 1;
        return away ? 'postgresql://nobody@127.0.0.1:1/none' : url;
      },
      log: {
        info: (...said: unknown[]) => void lines.push(`info ${String(said.at(-1))}`),
        error: (...said: unknown[]) => void lines.push(`error ${String(said.at(-1))}`),
      },
      notify: slack.notify,
      intervalMs: 5,
      now: () => at('2026-11-04T09:00:00'),
      signal: end.signal,
    });
    await until('it tried thrice', () => asked > 3);
    away = false;
    await until('the message was sent', () => slack.got.length > 0);
    const seen = asked;
    await until('it went on', () => asked > seen + 3);
    end.abort();
    await watching;
    assert.equal(slack.got.length, 1);
    assert.deepEqual(
      lines.map((line) => line.replace(/: .*/, '')),
      [
        'error deadlines cannot be checked, trying again',
        'info deadlines are checked again',
        'error schedule daily',
      ],
    );
    assert.equal((await openAlerts(database)).length, 1);
  });
});
