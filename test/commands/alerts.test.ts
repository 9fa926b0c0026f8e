import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Command } from 'commander';
import { register } from '../../src/commands/alerts.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import { openAlerts, raiseAlerts } from '../../src/schedules/ledger.ts';
import { testDatabase } from '../support/postgres.ts';

const now = new Date('2026-11-27T12:00:00Z');
const alert = (scheduleId: string, day: string) => ({
  ...{ scheduleId, nominalTime: new Date(`${day}T23:30:00Z`), kind: 'not_started' as const },
  message: `schedule ${scheduleId}: the run of ${day} did not start`,
});
const raised = [alert('daily', '2026-11-20'), alert('daily', '2026-11-21'), alert('nightly', '2026-11-20')];

async function place(t: TestContext) {
  const databaseUrl = await testDatabase(t);
  const database = openDatabase(databaseUrl, 'test', 2);
  t.after(() => database.end());
  await raiseAlerts(database, raised, now);
  const config = { ...readConfig({}), databaseUrl, temporalAddress: '127.0.0.1:1', sparkSocket: '/nowhere' };
  async function sevenfold(line: string): Promise<{ text: string; json: Record<string, unknown> }> {
    const lines: string[] = [];
    let json: Record<string, unknown> = {};
    const out: CommandContext['out'] = {
      ...{ isTerminal: false, live() {}, settle() {} },
      line: (text = '') => void lines.push(text),
      json: (value) => void (json = JSON.parse(JSON.stringify(value)) as Record<string, unknown>),
    };
    const program = new Command().exitOverride();
    register(program, { config, out });
    await program.parseAsync(`alerts ${line}`.split(' '), { from: 'user' });
    return { text: lines.join('\n'), json };
  }
  const left = async () => (await openAlerts(database)).map(({ message }) => message);
  return { database, sevenfold, left };
}

afterEach(() => void (process.exitCode = undefined));

test('list shows what is open, the newest first', async (t) => {
  const { sevenfold } = await place(t);
  const { text } = await sevenfold('list');
  assert.match(
    text,
    /^schedule daily: the run of 2026-11-21.*\nschedule daily.*20.*\nschedule nightly.*\n.*alerts close/,
  );
  assert.equal(((await sevenfold('list --json')).json['alerts'] as unknown[]).length, 3);
});

test('close takes the alerts of a schedule and no others, and they are not raised again', async (t) => {
  const { database, sevenfold, left } = await place(t);
  const { text } = await sevenfold('close daily');
  assert.match(text, /\n2 closed\.$/);
  assert.deepEqual(await left(), [raised[2]!.message]);
  assert.deepEqual(await raiseAlerts(database, raised, now), []);
  assert.match(
    (await sevenfold('close daily --all').catch((error: Error) => ({ text: error.message }))).text,
    /--all means/,
  );
});

test('close takes those up to a day, the whole of it, and of all schedules where that is asked for', async (t) => {
  const { sevenfold, left } = await place(t);
  const { json } = await sevenfold('close --all --until 2026-11-20 --json');
  assert.deepEqual([json['status'], (json['closed'] as unknown[]).length], ['closed', 2]);
  assert.deepEqual(await left(), [raised[1]!.message]);
  await sevenfold('close --all');
  assert.deepEqual(await left(), []);
  assert.match((await sevenfold('close --all')).text, /^No such alert is open\.$/);
});

test('close refuses in one line a schedule that is not there, and a call that names none', async (t) => {
  const { sevenfold, left } = await place(t);
  await assert.rejects(sevenfold('close dayly'), /no schedule "dayly"\. Did you mean "daily"\?/);
  await assert.rejects(sevenfold('close'), /ids of schedules, or --all/);
  assert.equal((await left()).length, 3);
});
