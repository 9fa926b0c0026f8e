import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../../src/database/pool.ts';
import type { Database } from '../../../src/database/pool.ts';
import { cvStatement } from '../../../src/kinds/cross-validation/statement.ts';
import { outOfTheRunning } from '../../../src/kinds/cross-validation/running.ts';
import { cvCounts, fitKey, layOutFits } from '../../../src/kinds/cross-validation/ledger.ts';
import type { CvRequest } from '../../../src/kinds/cross-validation/ledger.ts';
import { claimRun } from '../../../src/ledger/runs.ts';
import type { Run } from '../../../src/ledger/runs.ts';
import { testDatabase } from '../../support/postgres.ts';

const request: CvRequest = {
  dataVersion: 'abc',
  name: 'survival',
  source: '/data/survival.parquet',
  sourceSha256: 'def',
  task: 'survival',
  runType: 'sample',
  parity: false,
  metric: 'cindex_tau',
  folds: 3,
  splitter: 'stratified',
  seed: 42,
  threads: 1,
  models: [{ label: 'cox_ph', model: 'cox_ph', params: { alpha: 1 }, paramsHash: '1234' }],
  settings: {},
  objectRoot: '/objects/cv/abc',
};

test('a fit that failed here is taken over from a run that has it in the same object store', async (t) => {
  const database = openDatabase(await testDatabase(t), 'test');
  t.after(() => database.end());
  const mine = await claimed(database, 'cv/survival/mine');
  const other = await claimed(database, 'cv/survival/other');
  for (const fold of [1, 2, 3]) await store(database, mine, fold, 'failed');
  await store(database, other, 1, 'complete');
  await store(database, other, 2, 'failed');
  await store(database, other, 3, 'complete', 'gs://elsewhere/cv/abc');

  await layOutFits(database, mine);
  const { rows } = await database.query(
    'select fold, status, cindex_tau as c from cv_fits where run_id = $1 order by fold',
    [mine.runId],
  );
  assert.deepEqual(rows, [
    { fold: 1, status: 'complete', c: 0.7 },
    { fold: 2, status: 'failed', c: null },
    { fold: 3, status: 'failed', c: null },
  ]);
});

test('a run that ends before it has looked at its fits says how many are stored, and how many are left', async (t) => {
  const database = openDatabase(await testDatabase(t), 'test');
  t.after(() => database.end());
  const run = await claimed(database, 'cv/survival/mine');
  await layOutFits(database, run);
  await store(database, run, 1, 'complete');
  await store(database, run, 2, 'failed');
  const counts = await cvCounts(database, run);
  assert.deepEqual([counts['fits'], counts['complete'], counts['unverified']], [3, 0, 1]);
  assert.equal(
    await cvStatement(database, run, 'cancelled', counts),
    'cv/survival/mine was cancelled: 0 of 3 fits. Stored beside them, for the next start to take up: 1; left: 2. ' +
      'Run: sevenfold why cv/survival/mine',
  );
});

test('a model is out only where every fold failed for a reason of its own', async (t) => {
  const database = openDatabase(await testDatabase(t), 'test');
  t.after(() => database.end());
  const run = await claimed(database, 'cv/survival/mine');
  await layOutFits(database, run);
  const fail = async (fold: number, type: string) => {
    await store(database, run, fold, 'failed');
    await database.query('update cv_fits set error_type = $3 where run_id = $1 and fold = $2', [
      ...[run.runId, fold, type],
    ]);
    await database.query(
      `update units set verdict = 'quarantined', reason = 'no memory' where run_id = $1 and kind = 'fit' and position = $2`,
      [run.runId, fold],
    );
  };
  await fail(1, 'InvalidInput');
  await fail(2, 'JobFailed');
  assert.deepEqual(await outOfTheRunning(database, run.runId), [], 'one fold may still be made');
  await fail(3, 'JobFailed');
  assert.deepEqual(await outOfTheRunning(database, run.runId), [{ label: 'cox_ph', reason: 'no memory' }]);
  await database.query(`update cv_fits set error_type = 'OutOfMemory' where fold = 2`);
  assert.deepEqual(await outOfTheRunning(database, run.runId), [], 'memory is not of the model alone');
});

function claimed(database: Database, key: string): Promise<Run> {
  return claimRun(
    database,
    {
      ...{ key, kind: 'crossValidation', dataset: 'cv/survival', date: null, priority: 1, engine: 'local' },
      ...{ workflowId: key, workflowRunId: key, input: {}, request },
    },
    async () => true,
  );
}

function store(
  database: Database,
  run: Run,
  fold: number,
  status: string,
  root = request.objectRoot,
): Promise<unknown> {
  return database.query(
    `insert into cv_fits (run_id, model, fold, params_hash, fit_key, data_version, run_type, params, status, error,
                          cindex_tau, arrays, seed, threads, attempt)
     values ($1, 'cox_ph', $2, '1234', $3, 'abc', 'sample', '{}', $4, $5, $6, $7, 42, 1, 1)`,
    [
      ...[run.runId, fold, fitKey(request, request.models[0]!, fold), status],
      ...(status === 'failed' ? ['no memory', null, null] : [null, 0.7, `${root}/fits/${fold}`]),
    ],
  );
}
