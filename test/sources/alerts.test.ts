import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  closeSourceAlerts,
  noteSourceAlerts,
  openSourceAlerts,
  sendSourceAlerts,
} from '../../src/sources/alerts.ts';
import { storeSourceDays } from '../../src/sources/settle.ts';
import type { SourceDay } from '../../src/sources/settle.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { testDatabase } from '../support/postgres.ts';
import { receiver } from '../support/slack-receiver.ts';

async function ledger(t: { after: (end: () => unknown) => void }): Promise<Database> {
  const database = openDatabase(await testDatabase(t), 'test');
  t.after(() => database.end());
  return database;
}

async function settle(database: Database, day: string, state: SourceDay['state']): Promise<void> {
  const end: SourceDay = {
    ...{ source: 'nyfed', state, required: false, keysDue: 2, keysStored: 0 },
    ...{ lastGood: '2026-11-18', allowedDays: 3, message: state === 'fresh' ? null : 'HTTP 503' },
  };
  await storeSourceDays(database, day, [end]);
  await noteSourceAlerts(database, day);
}

test('one bad day is none, the second is said once, and once more when nothing stands in any longer', async (t) => {
  const database = await ledger(t);
  const { url, messages } = await receiver(t);
  const send = () => sendSourceAlerts(database, url);
  await settle(database, '2026-11-18', 'fresh');
  await settle(database, '2026-11-19', 'aged');
  await send();
  assert.deepEqual(await openSourceAlerts(database), []);

  await settle(database, '2026-11-20', 'aged');
  await settle(database, '2026-11-20', 'aged');
  await send();
  await settle(database, '2026-11-21', 'aged');
  await send();
  assert.deepEqual(
    messages.map(({ text }) => text),
    ['source nyfed has not been fresh since 2026-11-19: HTTP 503. See: npx sevenfold doctor --live'],
  );

  await settle(database, '2026-11-22', 'failed');
  await send();
  assert.equal(messages.length, 2);
  assert.match(messages[1]!.text, /since 2026-11-19: HTTP 503\. Nothing stands in for it any longer\./);

  await settle(database, '2026-11-23', 'fresh');
  assert.deepEqual(await openSourceAlerts(database), []);
  await settle(database, '2026-11-24', 'failed');
  assert.deepEqual(await openSourceAlerts(database), []);
});

test('a line that did not arrive is sent with the next day, one without a webhook stays open', async (t) => {
  const database = await ledger(t);
  const { url, messages } = await receiver(t, 500, 200);
  for (const day of ['2026-11-19', '2026-11-20']) await settle(database, day, 'failed');
  assert.deepEqual(await sendSourceAlerts(database, undefined), []);
  assert.match((await sendSourceAlerts(database, url))[0]!, /HTTP 500/);
  assert.deepEqual(await sendSourceAlerts(database, url), []);
  assert.equal(messages.length, 2);
  assert.equal((await openSourceAlerts(database)).length, 1);
});

test('a person closes what nobody will mend, and the same outage is not noted again', async (t) => {
  const database = await ledger(t);
  for (const day of ['2026-11-19', '2026-11-20']) await settle(database, day, 'failed');
  const closed = await closeSourceAlerts(database, { names: ['nyfed'] }, new Date());
  assert.equal(closed.length, 1);
  await settle(database, '2026-11-21', 'failed');
  assert.deepEqual(await openSourceAlerts(database), []);
});
