import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { closeLeftOpen } from '../../src/commands/close-run.ts';
import type { Session } from '../../src/commands/session.ts';
import { codeChanged, endedUnclosed, isLeftOpen, isWorkedOn } from '../../src/commands/steer.ts';
import { failWhenNobodyWorks, sayWhenNobodyWorks } from '../../src/commands/workers.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { KeeperRequest } from '../../src/engines/local/protocol.ts';
import type { Failure } from '../../src/failures.ts';
import { findBatch } from '../../src/ledger/batches.ts';
import { readRun, setRunStatus } from '../../src/ledger/runs.ts';
import { beginAttempt, layOutUnits, readUnit } from '../../src/ledger/units.ts';
import { explainRun } from '../../src/ledger/why.ts';
import { claimedRun, notedBatch } from '../support/noted-batch.ts';
import { testDatabase } from '../support/postgres.ts';

/** An open run with a batch on the local engine, whose keeper knows it as running; Temporal has the workflow as `status`. */
async function place(t: TestContext, status: string) {
  const databaseUrl = await testDatabase(t);
  const database = openDatabase(databaseUrl, 'test', 3);
  const stateFolder = mkdtempSync(join(tmpdir(), 'sevenfold-cancel-'));
  const sparkSocket = join(stateFolder, 'spark.sock');
  const run = await claimedRun(database, '2026-01-31');
  await layOutUnits(database, run.runId, ['metrics']);
  await beginAttempt(database, run.runId, 'metrics', 'f');
  await notedBatch(database, run, { batchId: 'sf-a' });
  const cancelled: string[] = [];
  const keeper = createServer((socket) => {
    createInterface({ input: socket }).on('line', (line) => {
      const asked = JSON.parse(line) as KeeperRequest;
      const ends = asked.method === 'cancel';
      if (ends) cancelled.push(asked.batchId);
      const value = {
        batchId: 'sf-a',
        state: ends ? 'CANCELLED' : 'RUNNING',
        labels: { 'run-id': run.runId },
      };
      socket.end(`${JSON.stringify({ value })}\n`);
    });
  });
  await new Promise<void>((resolve) => keeper.listen(sparkSocket, resolve));
  t.after(async () => {
    keeper.close();
    await database.end();
    rmSync(stateFolder, { recursive: true });
  });
  const description = {
    ...{ status: { name: status }, runId: run.workflowRunId },
    raw: { workflowExecutionInfo: { firstRunId: run.workflowRunId } },
  };
  const session = {
    database,
    temporal: async () => ({ workflow: { getHandle: () => ({ describe: async () => description }) } }),
  } as unknown as Session;
  const config = {
    ...readConfig({}),
    ...{ databaseUrl, stateFolder, sparkSocket, temporalAddress: '127.0.0.1:1' },
  };
  return { database, run, session, config, cancelled };
}

test('a run whose workflow was terminated is closed with its batches, and may be retried', async (t) => {
  const { database, run, session, config, cancelled } = await place(t, 'TERMINATED');
  assert.ok(await isLeftOpen(session, run));
  const statement = await closeLeftOpen(config, session, run);
  assert.match(statement, /was cancelled; left: metrics.*sevenfold retry/);
  const now = await readRun(database, run.runId);
  assert.deepEqual([now.status, now.statement], ['cancelled', statement]);
  assert.deepEqual(cancelled, ['sf-a']);
  assert.equal((await findBatch(database, 'sf-a'))?.state, 'CANCELLED');
  assert.equal(
    (await readUnit(database, run.runId, 'metrics')).attempt,
    2,
    'what is just about to commit cannot',
  );
  assert.equal(await isLeftOpen(session, now), false);
});

for (const status of ['RUNNING', 'PAUSED']) {
  test(`a run whose workflow is ${status} is worked on`, async (t) => {
    const { run, session } = await place(t, status);
    assert.deepEqual([await isWorkedOn(session, run), await isLeftOpen(session, run)], [true, false]);
  });
}

test('a run that another workflow took over meanwhile is not closed', async (t) => {
  const { database, run, session, config } = await place(t, 'TERMINATED');
  await database.query(`update runs set workflow_run_id = 'temporal-2' where run_id = $1`, [run.runId]);
  assert.equal(await isLeftOpen(session, run), false);
  await assert.rejects(closeLeftOpen(config, session, run), { type: 'Fenced' });
  assert.equal((await readRun(database, run.runId)).status, 'running');
});

test('a run that ended by itself between two looks is not one that was left open', async (t) => {
  const { database, run, session } = await place(t, 'COMPLETED');
  await setRunStatus(database, run, { status: 'complete' });
  assert.equal(await isLeftOpen(session, run), false);
});

test('why says that nobody works on it, for which reason, and what to do', async (t) => {
  const { database, run } = await place(t, 'TERMINATED');
  const text = async (left?: Failure) =>
    (await explainRun(database, run, { left }))
      .map(({ subject, text, advice }) => [subject, text, advice].filter(Boolean).join(': '))
      .join('\n');
  assert.match(await text(), /phase metrics: is being worked on/);
  const left = await text(endedUnclosed(run.key));
  assert.match(left, /workflow: .* was ended from outside.*sevenfold retry.*sevenfold cancel/);
  assert.doesNotMatch(left, /is being worked on/);
  assert.match(await text(codeChanged(run.key)), /workflow: Today's code cannot go on.*sevenfold retry/);
});

test('where no worker is, a start says so once and waits on, and a cancel ends', async () => {
  const client = (pollers: object[]) =>
    ({
      options: { namespace: 'default' },
      workflowService: { describeTaskQueue: async () => ({ pollers }) },
    }) as unknown as Parameters<typeof sayWhenNobodyWorks>[0];
  const said: string[] = [];
  const say = sayWhenNobodyWorks(client([]), 'daily/x', (line) => said.push(line));
  for (const waited of [2_000, 12_000, 14_000]) await say(waited);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /daily\/x waits in Temporal: no worker.*launch\.mjs worker/);
  const fail = failWhenNobodyWorks(client([]), 'The cancel of daily/x');
  await fail(2_000);
  await assert.rejects(fail(12_000), { type: 'RunIncomplete', message: /^The cancel of daily\/x is noted/ });
  await failWhenNobodyWorks(client([{ identity: '7@host' }]), 'x')(60_000);
});
