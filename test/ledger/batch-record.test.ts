import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import {
  displayId,
  executionMode,
  exportRecord,
  findBatchRecord,
  listBatchRecords,
} from '../../src/ledger/batch-record.ts';
import type { BatchRecord } from '../../src/ledger/batch-record.ts';
import { recordObservation } from '../../src/ledger/batches.ts';
import { readRunCost, spentUsd } from '../../src/ledger/costs.ts';
import { explainRun } from '../../src/ledger/why.ts';
import { claimedRun, notedBatch } from '../support/noted-batch.ts';
import { testDatabase } from '../support/postgres.ts';

describe('the record of a batch', () => {
  let database: Database;
  const record = async (id: string) => (await findBatchRecord(database, id))!;
  const exported = async (id: string) => exportRecord(await record(id), readConfig({}));

  before(async () => void (database = openDatabase(await testDatabase(), 'test')));
  after(() => database.end());

  test('an untouched batch is exported with its estimate and nothing that is not known', async () => {
    const run = await claimedRun(database, '2026-02-01');
    await notedBatch(database, run, { batchId: 'sf-pool-metrics-00000001' });
    const seen = await exported('sf-pool-metrics-00000001');
    assert.equal(seen.job_id, 'daily/sample/2026-02-01/metrics');
    assert.match(seen.display_id, /^sf-pool-metrics-\d{8}-\d{6}$/);
    assert.deepEqual(
      [
        seen.state,
        seen.execution_mode,
        seen.executors,
        seen.cost_estimate?.usd,
        seen.data_analysis?.category,
      ],
      ['SUBMITTED', 'local', 2, 0, 'small'],
    );
    assert.deepEqual(
      seen.state_history.map(({ state }) => state),
      ['SUBMITTING'],
    );
    const notKnown = [
      'cost_actual',
      'usage',
      'event_log',
      'output_uri',
      'properties',
      'fallback_from',
    ] as const;
    assert.deepEqual(
      notKnown.map((name) => seen[name]),
      notKnown.map(() => null),
    );
    assert.equal((seen.config as { job: string }).job, 'pool_metrics');
  });

  test("a batch of Dataproc's is exported under the document's names", async () => {
    const run = await claimedRun(database, '2026-02-02', { engine: 'dataproc' });
    const batchId = 'automl-spark-pool-metrics-00000002';
    const requestId = '5b2f7a36-0000-8000-8000-000000000000';
    await notedBatch(database, run, { batchId, engine: 'dataproc', requestId });
    const remote = {
      batchName: `projects/p/locations/r/batches/${batchId}`,
      operation: 'projects/p/regions/r/operations/o',
      outputUri: 'gs://b/o/driveroutput',
      runtimeVersion: '1.2',
      properties: {
        'spark.executor.instances': '2',
        'spark.dataproc.driverEnv.SEVENFOLD_DATABASE_SECRET': 'projects/p/secrets/s/versions/latest',
        'spark.hadoop.password': 'hunter2',
      },
    };
    const labels = {};
    await recordObservation(database, { batchId, state: 'RUNNING', labels, remote });
    const approximateUsage = { milliDcuSeconds: '720000', shuffleStorageGbSeconds: '0' };
    const cost = { usd: 0.012, seconds: 60, dcuHours: 0.2, estimator: 'dcu' as const };
    await recordObservation(
      database,
      { batchId, state: 'TIMED_OUT', labels, message: 'too long', remote: { approximateUsage } },
      cost,
    );
    const seen = await exported(batchId);
    assert.deepEqual(
      [seen.execution_mode, seen.state, seen.state_message, seen.runtime_version, seen.request_id],
      ['dataproc_serverless', 'FAILED', 'too long', '1.2', requestId],
    );
    assert.deepEqual(
      seen.state_history.map(({ state }) => state),
      ['SUBMITTING', 'SUBMITTED', 'RUNNING', 'TIMED_OUT'],
    );
    assert.equal(seen.output_uri, 'gs://b/o/driveroutput');
    assert.deepEqual(seen.usage, approximateUsage);
    assert.deepEqual(seen.cost_actual, cost);
    assert.deepEqual(seen.properties, {
      ...remote.properties,
      'spark.hadoop.password': '(removed)',
    });
  });

  test('no secret leaves with the config', async () => {
    const run = await claimedRun(database, '2026-02-03');
    const input = {
      url: 'postgresql://me:hunter2@host/db',
      nested: [{ apiKey: 'hunter2', approvedTokens: ['USDC'] }],
    };
    await notedBatch(database, run, { batchId: 'sf-pool-metrics-00000003', input });
    const text = JSON.stringify(await exported('sf-pool-metrics-00000003'));
    assert.doesNotMatch(text, /hunter2/);
    assert.match(text, /postgresql:\/\/me:\(removed\)@host\/db/);
    assert.match(text, /USDC/);
  });

  test('batches are found by run, state and engine, the newest first', async () => {
    const ids = async (filter: Partial<Parameters<typeof listBatchRecords>[1]>) =>
      (await listBatchRecords(database, { limit: 10, ...filter })).map(({ batchId }) => batchId.slice(-1));
    assert.deepEqual(await ids({}), ['3', '2', '1']);
    assert.deepEqual(await ids({ limit: 1 }), ['3']);
    assert.deepEqual(await ids({ engine: 'dataproc' }), ['2']);
    assert.deepEqual(await ids({ states: ['SUBMITTING', 'RUNNING'] }), ['3', '1']);
    const { runId } = await record('sf-pool-metrics-00000001');
    assert.deepEqual(await ids({ runId }), ['1']);
  });

  test('the cost of a run counts estimates until what was used is known', async () => {
    const run = await claimedRun(database, '2026-02-04', { engine: 'dataproc', budgetUsd: 10 });
    const estimate = (usd: number) => ({ usd, seconds: 100, dcuHours: usd * 10, estimator: 'dcu' as const });
    const note = (suffix: string, unit: string, usd: number) =>
      notedBatch(database, run, {
        ...{ batchId: `sf-a-${suffix}`, unit, engine: 'dataproc', estimate: estimate(usd) },
      });
    await note('a', 'metrics', 2);
    await note('b', 'metrics', 2);
    await note('c', 'forecast', 1);
    assert.equal(await spentUsd(database, run.runId), 5);
    await recordObservation(
      database,
      { batchId: 'sf-a-a', state: 'SUCCEEDED', labels: {} },
      { usd: 0.5, seconds: 30, dcuHours: 5, gbMonths: 0.1, estimator: 'dcu' },
    );
    assert.equal(await spentUsd(database, run.runId), 3.5);
    const cost = await readRunCost(database, run.runId);
    assert.deepEqual(
      [cost.batches, cost.estimateUsd, cost.actualUsd, cost.committedUsd, cost.budgetUsd, cost.engines],
      [3, 5, 0.5, 3.5, 10, ['dataproc']],
    );
    assert.deepEqual(
      cost.units.map(({ unit, batches, estimateSeconds, actualSeconds }) => [
        unit,
        batches,
        estimateSeconds,
        actualSeconds,
      ]),
      [
        ['forecast', 1, 100, 0],
        ['metrics', 2, 200, 30],
      ],
    );
  });

  test('a run without batches has cost nothing', async () => {
    const run = await claimedRun(database, '2026-02-05');
    const cost = await readRunCost(database, run.runId);
    assert.deepEqual([cost.batches, cost.committedUsd, cost.budgetUsd, cost.units], [0, 0, null, []]);
    assert.equal(await spentUsd(database, run.runId), 0);
  });

  test('why names the engine that was asked for once, however many batches fell back', async () => {
    const run = await claimedRun(database, '2026-02-06', { engine: 'dataproc' });
    const fallback = { from: 'dataproc', reason: 'GCP_REGION is not set.' };
    for (const suffix of ['a', 'b']) {
      await notedBatch(database, run, { batchId: `sf-f-${suffix}`, unit: suffix, fallback });
    }
    const reasons = (await explainRun(database, run)).filter(({ subject }) => subject === 'engine');
    assert.equal(reasons.length, 1);
    assert.equal(
      reasons[0]!.text,
      'dataproc was asked for and is not used: GCP_REGION is not set. 2 batches went to local.',
    );
  });
});

describe('the readable id', () => {
  const submittedAt = new Date('2026-03-04T05:06:07Z');
  const of = (batchId: string, job: string) => displayId({ batchId, job, submittedAt });

  test('has the prefix, the whole job and the time', () =>
    assert.equal(
      of('automl-spark-pool-metrics-0a1b2c3d', 'pool_metrics'),
      'automl-spark-pool-metrics-20260304-050607',
    ));

  test('has the whole job where the id had no room for it', () =>
    assert.equal(of('sf-forecast-inf-0a1b2c3d', 'forecast_infer'), 'sf-forecast-infer-20260304-050607'));
});

test('what was queued is distinguished from what a fleet made of it', () => {
  const mode = (engine: string, runEngine: BatchRecord['runEngine']) =>
    executionMode({ engine, runEngine }, readConfig({}));
  assert.equal(mode('dataproc', 'queue'), 'queue');
  assert.equal(mode('dataproc', 'dataproc'), 'dataproc_serverless');
  assert.equal(mode('local', 'dataproc'), 'local');
  assert.equal(mode('standalone', null), 'standalone');
});
