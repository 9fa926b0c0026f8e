import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { notifyRun } from '../../src/activities/notify.ts';
import type { SlackMessage } from '../../src/notifications/message.ts';
import { assertSlackTakes } from '../notifications/slack-limits.ts';
import { deadAddress, receiver } from '../support/slack-receiver.ts';
import { fillRichDay } from '../kinds/daily/page/rich-day.ts';
import type { RichDay } from '../kinds/daily/page/rich-day.ts';
import { scriptArguments } from '../support/scripts.ts';
import { testDependencies } from '../support/daily-run.ts';

interface Rig {
  deps: Dependencies;
  runId: string;
  /** Everything that was logged. */
  log: string[];
}

const quick = { backOffMs: [5, 10], timeoutMs: 2_000 };

async function rig(t: TestContext, webhook: string | undefined, day: RichDay = {}): Promise<Rig> {
  const base = await testDependencies(t);
  const log: string[] = [];
  const deps: Dependencies = {
    ...base,
    config: { ...base.config, slackWebhookUrl: webhook },
    log: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
  };
  const { runId } = await fillRichDay(deps.database, day);
  return { deps, runId, log };
}

async function record({ deps, runId }: Rig) {
  const { rows } = await deps.database.query<{
    outcome: string;
    state: string;
    tries: number;
    problem: string | null;
    sent: boolean;
  }>(
    'select outcome, state, tries, problem, sent_at is not null as sent from notifications where run_id = $1 order by outcome',
    [runId],
  );
  return rows;
}

/** Nowhere in the log nor in the database. */
async function assertSecretKept({ deps, log }: Rig): Promise<void> {
  assert.doesNotMatch(log.join('\n'), /SECRET|xyzzy|127\.0\.0\.1/);
  const { rows } = await deps.database.query<{ row: string }>('select n::text as row from notifications n');
  for (const { row } of rows) assert.doesNotMatch(row, /SECRET|xyzzy|127\.0\.0\.1/);
}

test('a complete day is one message within the limits, however often it is asked for', async (t) => {
  const { url, messages } = await receiver(t, 200);
  const it = await rig(t, url);
  assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'sent' });
  assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'sent' });
  assert.equal(messages.length, 1);
  assertSlackTakes(messages[0] as SlackMessage);
  assert.match(messages[0]!.text, /^Daily Allocation Report: AUM \$1,051,494/);
  assert.deepEqual(await record(it), [
    { outcome: 'complete', state: 'sent', tries: 1, problem: null, sent: true },
  ]);
  await assertSecretKept(it);
});

test('twelve calls at once are one message: the others wait for the answer and give it', async (t) => {
  const { url, messages } = await receiver(t, (response) => {
    setTimeout(() => response.writeHead(200).end('ok'), 300);
  });
  const it = await rig(t, url);
  // More calls than the pool has connections: none may need a second one while it holds the first.
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => notifyRun(it.deps, { runId: it.runId }, quick)),
  );
  assert.deepEqual(new Set(answers.map(({ state }) => state)), new Set(['sent']));
  assert.equal(messages.length, 1);
});

test('a refusal is tried again and then sent', async (t) => {
  const { url, messages } = await receiver(t, 500, 200);
  const it = await rig(t, url);
  assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'sent' });
  assert.equal(messages.length, 2);
  assert.deepEqual(await record(it), [
    { outcome: 'complete', state: 'sent', tries: 2, problem: null, sent: true },
  ]);
});

test('a webhook that answers 500 for ever is given up with one clear line, and may be tried another day', async (t) => {
  const { url, messages } = await receiver(t, 500);
  const it = await rig(t, url);
  assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'refused' });
  assert.equal(messages.length, 3);
  assert.deepEqual(await record(it), [
    {
      outcome: 'complete',
      state: 'refused',
      tries: 3,
      problem: 'the webhook answered HTTP 500 (no_service)',
      sent: false,
    },
  ]);
  assert.equal(it.log.filter((line) => line.includes('HTTP 500')).length, 1);
  await assertSecretKept(it);
  const other = await receiver(t, 200);
  const later = { ...it.deps, config: { ...it.deps.config, slackWebhookUrl: other.url } };
  assert.deepEqual(await notifyRun(later, { runId: it.runId }, quick), { state: 'sent' });
});

test('a connection that nobody takes is refused, with the address kept', async (t) => {
  const it = await rig(t, await deadAddress());
  assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'refused' });
  assert.match((await record(it))[0]!.problem!, /cannot be reached \(ECONNREFUSED\)/);
  await assertSecretKept(it);
});

test('where no answer comes nobody can know, and it is not sent again', async (t) => {
  const { url, messages } = await receiver(t, () => {});
  const it = await rig(t, url);
  const answer = await notifyRun(it.deps, { runId: it.runId }, { ...quick, timeoutMs: 200 });
  assert.deepEqual(answer, { state: 'unconfirmed' });
  assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'unconfirmed' });
  assert.equal(messages.length, 1);
  assert.match((await record(it))[0]!.problem!, /did not answer within 0\.2 s/);
  await assertSecretKept(it);
});

for (const status of ['infeasible', 'failed'] as const) {
  test(`a day whose allocation is ${status} says that it was kept`, async (t) => {
    const { url, messages } = await receiver(t, 200);
    const it = await rig(t, url, { status });
    assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'sent' });
    assert.match(messages[0]!.text, /no new allocation: kept/);
    assertSlackTakes(messages[0] as SlackMessage);
    assert.equal((await record(it))[0]!.outcome, 'infeasible');
  });
}

test('a failed run says which phase and why; made whole later it is a second message', async (t) => {
  const { url, messages } = await receiver(t, 200);
  const it = await rig(t, url);
  await it.deps.database.query(`update runs set status = 'failed' where run_id = $1`, [it.runId]);
  await it.deps.database.query(
    `update units set verdict = 'failed', reason = 'rows: found 7, expected 9' where run_id = $1 and unit = 'filter'`,
    [it.runId],
  );
  await notifyRun(it.deps, { runId: it.runId }, quick);
  assert.match(messages[0]!.text, /failed in phase filter/);
  assert.match(JSON.stringify(messages[0]), /rows: found 7, expected 9/);
  await it.deps.database.query(`update runs set status = 'running' where run_id = $1`, [it.runId]);
  await notifyRun(it.deps, { runId: it.runId }, quick);
  assert.deepEqual(
    (await record(it)).map(({ outcome, state }) => `${outcome} ${state}`),
    ['complete sent', 'failed sent'],
  );
});

for (const dataset of ['sample', 'sample+parity']) {
  test(`nothing of ${dataset} leaves the machine`, async (t) => {
    const { url, messages } = await receiver(t, 200);
    const it = await rig(t, url, { dataset });
    assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'nothing_to_send' });
    assert.deepEqual(messages, []);
    assert.deepEqual(await record(it), []);
  });
}

test('without a webhook nothing is sent, and the log says so', async (t) => {
  const it = await rig(t, undefined);
  assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'nothing_to_send' });
  assert.match(it.log.join('\n'), /no webhook is configured/);
  assert.deepEqual(await record(it), []);
});

test('an evaluation and a cancelled run are nobody’s message', async (t) => {
  const { url, messages } = await receiver(t, 200);
  const it = await rig(t, url);
  const { rows } = await it.deps.database.query<{ runId: string }>(
    `select run_id as "runId" from runs where kind = 'evaluatePools'`,
  );
  await it.deps.database.query(`update runs set status = 'cancelled' where run_id = $1`, [it.runId]);
  for (const runId of [rows[0]!.runId, it.runId]) {
    assert.deepEqual(await notifyRun(it.deps, { runId }, quick), { state: 'nothing_to_send' });
  }
  assert.deepEqual(messages, []);
});

/** Another process that notifies, as a worker would, until it is killed at a failpoint. */
async function killedAt(t: TestContext, it: Rig, point: string): Promise<void> {
  const failpoints = mkdtempSync(join(tmpdir(), 'sevenfold-notify-'));
  t.after(() => rmSync(failpoints, { recursive: true, force: true }));
  writeFileSync(join(failpoints, point), '');
  const child = spawn(process.execPath, scriptArguments('test/activities/notify-in-a-process.ts'), {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  t.after(() => void child.kill('SIGKILL'));
  child.stdin.end(
    JSON.stringify({
      databaseUrl: it.deps.databaseUrl,
      webhook: it.deps.config.slackWebhookUrl,
      failpoints,
      runId: it.runId,
    }),
  );
  const deadline = Date.now() + 30_000;
  while (!existsSync(join(failpoints, `${point}.hit`))) {
    assert.ok(Date.now() < deadline && child.exitCode === null, `${point} was not reached`);
    await sleep(20);
  }
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test('killed before the claim: the next attempt sends it', async (t) => {
  const { url, messages } = await receiver(t, 200);
  const it = await rig(t, url);
  await killedAt(t, it, 'notify-before-claim');
  assert.equal(messages.length, 0);
  assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'sent' });
  assert.equal(messages.length, 1);
});

test('killed between answer and record: not sent again, and on record as unconfirmed', async (t) => {
  const { url, messages } = await receiver(t, 200);
  const it = await rig(t, url);
  await killedAt(t, it, 'notify-sent');
  assert.deepEqual(await notifyRun(it.deps, { runId: it.runId }, quick), { state: 'unconfirmed' });
  assert.equal(messages.length, 1);
  const [row] = await record(it);
  assert.deepEqual([row!.state, row!.sent], ['unconfirmed', false]);
  assert.match(row!.problem!, /lost before the answer was on record/);
});
