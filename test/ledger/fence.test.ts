import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTransaction, openDatabase } from '../../src/database/pool.ts';
import { claimRun } from '../../src/ledger/runs.ts';
import { beginAttempt, layOutUnits, passFence, raiseFences, readUnit } from '../../src/ledger/units.ts';
import { testDatabase } from '../support/postgres.ts';

test('only the newest attempt of a unit commits; an older one leaves no trace', async (t) => {
  const database = openDatabase(await testDatabase(t), 'test');
  t.after(() => database.end());
  const { runId } = await claimRun(
    database,
    {
      key: 'k',
      kind: 'dailyPipeline',
      dataset: 'd',
      date: null,
      workflowId: 'w',
      workflowRunId: 'r',
      priority: 1,
      engine: 'local',
      input: {},
    },
    async () => true,
  );
  await layOutUnits(database, runId, ['prepare', 'ingest']);
  await layOutUnits(database, runId, ['prepare', 'ingest']);

  const zombie = await beginAttempt(database, runId, 'ingest', 'old');
  const newest = await beginAttempt(database, runId, 'ingest', 'new');
  const write = (fence: typeof zombie) =>
    inTransaction(database, async (client) => {
      await client.query(
        `insert into pool_history (dataset, pool_id, date, apy, tvl, change_seq) values ('d', $1, '2026-01-01', 1, 1, 1)`,
        [`by attempt ${fence.attempt}`],
      );
      await passFence(client, fence, { rowsDue: 1 });
    });
  await assert.rejects(write(zombie), { type: 'Fenced' });
  await write(newest);
  const { rows } = await database.query('select pool_id from pool_history');
  assert.deepEqual(rows, [{ pool_id: 'by attempt 2' }]);
  const unit = await readUnit(database, runId, 'ingest');
  assert.deepEqual([unit.committedAttempt, unit.committedFingerprint, unit.rowsDue], [2, 'new', 1]);

  await raiseFences(database, runId);
  await database.query('delete from pool_history');
  await assert.rejects(write(newest), { type: 'Fenced' }, 'nothing commits after a cancel');
});
