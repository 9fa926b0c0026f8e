import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { closeRun } from '../../src/activities/runs.ts';
import { openDatabase } from '../../src/database/pool.ts';
import { testDatabase } from '../support/postgres.ts';

const claim = { workflowId: 'w', workflowRunId: 'r' };
const lacks = 'too little history: needs 1,095 rows before 2021-01-01, has 260';

/** Closes a run of forecasts as complete, whose dates have these verdicts; answers what it was closed with. */
async function close(
  t: TestContext,
  { kind = 'forecastBackfill', verdicts }: { kind?: string; verdicts: [string, object?][] },
) {
  const database = openDatabase(await testDatabase(t), 'test', 2);
  t.after(() => database.end());
  const request = {
    ...{ commodity: 'OIL', models: [{ key: 'naive', version: 'naive', fitVersion: 'naive' }], horizon: 14 },
    ...{ start: '2021-02-01', end: '2021-02-28' },
  };
  const { rows } = await database.query<{ runId: string }>(
    `insert into runs (key, kind, dataset, workflow_id, workflow_run_id, input, request)
     values ('backfill/OIL', $1, 'prices/OIL', 'w', 'r', '{}', $2) returning run_id as "runId"`,
    [kind, request],
  );
  const { runId } = rows[0]!;
  for (const [index, [verdict, detail = {}]] of verdicts.entries()) {
    await database.query(
      `insert into units (run_id, unit, kind, model_version, date, training_date, rows_due, rows_found, verdict, reason, detail)
       values ($1, $2, 'date', 'naive', $3, '2021-01-01', 10, 10, $4, $5, $6)`,
      [
        runId,
        `naive/${index}`,
        `2021-02-0${index + 1}`,
        verdict,
        verdict === 'skipped' ? lacks : null,
        detail,
      ],
    );
  }
  return closeRun({ database }, { ...claim, runId, status: 'complete' });
}

test('a backfill of which nothing could be made is not complete, and says what is lacking', async (t) => {
  const { status, statement } = await close(t, { verdicts: [['skipped'], ['skipped']] });
  assert.equal(status, 'failed');
  assert.match(statement, /backfill\/OIL is failed: .*needs 1,095 rows before 2021-01-01, has 260/);
});

test('one date that was made, or dates that a person left out, make it complete', async (t) => {
  assert.equal((await close(t, { verdicts: [['skipped'], ['complete']] })).status, 'complete');
  assert.equal((await close(t, { verdicts: [['skipped', { byHand: true }]] })).status, 'complete');
});

test('an audit without a date to look at is not complete', async (t) => {
  const { status, statement } = await close(t, { kind: 'auditForecasts', verdicts: [] });
  assert.equal(status, 'failed');
  assert.match(statement, /no date of the range is whole.*run the backfill first/);
});
