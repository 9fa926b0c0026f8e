import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { claimRun, findRun, readRun, setRunStatus } from '../../src/ledger/runs.ts';
import type { Claim } from '../../src/ledger/runs.ts';
import { testDatabase } from '../support/postgres.ts';

const first: Claim = {
  key: 'daily/sample/2026-01-31',
  kind: 'dailyPipeline',
  dataset: 'sample',
  date: '2026-01-31',
  workflowId: 'by-hand',
  workflowRunId: 'temporal-1',
  priority: 1,
  engine: 'local',
  input: { dataset: 'sample' },
};
const second: Claim = { ...first, workflowId: 'by-schedule', workflowRunId: 'temporal-2' };
const open = async () => true;
const closed = async () => false;

async function freshDatabase(t: TestContext): Promise<Database> {
  const database = openDatabase(await testDatabase(t), 'test');
  t.after(() => database.end());
  return database;
}

test('a second start while the first is open is refused and names the first', async (t) => {
  const database = await freshDatabase(t);
  await claimRun(database, first, open);
  await assert.rejects(claimRun(database, second, open), { type: 'AlreadyRunning', message: /by-hand/ });
  assert.equal((await claimRun(database, first, open)).attempt, 1, 'the holder may claim again');
});

test('a run whose workflow was terminated is taken over and counted as a new attempt', async (t) => {
  const database = await freshDatabase(t);
  const { runId } = await claimRun(database, first, open);
  const taken = await claimRun(database, second, closed);
  assert.deepEqual([taken.runId, taken.attempt, taken.workflowId], [runId, 2, 'by-schedule']);
});

test('an ended run is taken over without asking Temporal', async (t) => {
  const database = await freshDatabase(t);
  const { runId } = await claimRun(database, first, open);
  await setRunStatus(database, { ...first, runId }, { status: 'failed', statement: 'left: metrics' });
  const taken = await claimRun(database, second, () => Promise.reject(new Error('must not ask')));
  assert.deepEqual([taken.status, taken.statement, taken.finishedAt], ['running', null, null]);
});

test('of many successors that start at once one wins', async (t) => {
  const database = await freshDatabase(t);
  await claimRun(database, first, open);
  const holderIsGone = async ({ workflowRunId }: { workflowRunId: string }) => workflowRunId !== 'temporal-1';
  const claims = Array.from({ length: 8 }, (_, i) =>
    claimRun(database, { ...first, workflowId: `w${i}`, workflowRunId: `successor-${i}` }, holderIsGone),
  );
  const settled = await Promise.allSettled(claims);
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a workflow that lost its claim cannot close the run', async (t) => {
  const database = await freshDatabase(t);
  const { runId } = await claimRun(database, first, open);
  await claimRun(database, second, closed);
  await assert.rejects(setRunStatus(database, { ...first, runId }, { status: 'complete' }), {
    type: 'Fenced',
  });
  assert.equal((await readRun(database, runId)).status, 'running');
});

test('a run is found by its key, and a quote in it is only a letter', async (t) => {
  const database = await freshDatabase(t);
  const key = "daily/files/o'brien/2026-01-31";
  await claimRun(database, first, open);
  const { runId } = await claimRun(database, { ...second, key }, open);
  assert.equal((await findRun(database, key))?.runId, runId);
  assert.equal(await findRun(database, "x' or true --"), undefined);
});
