import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folds, models, startCvRig } from '../../support/cv-rig.ts';
import { startTestDataproc } from '../../support/dataproc.ts';
import { startSparkCluster } from '../../support/spark-cluster.ts';

test('a cluster that a run names gives the figures of one process, and is where its batches went', async (t) => {
  const cluster = await startSparkCluster({ memory: '1g' });
  t.after(() => cluster.stop());
  const rig = await startCvRig(300, { SPARK_MASTER_UI_URL: cluster.masterUi });
  t.after(() => rig.takeDown());

  const alone = await rig.crossValidate('--mode', 'pandas').end;
  assert.equal(alone.exitCode, 0, `${alone.stderr} ${JSON.stringify(alone.result)}`);
  const sum = await rig.cvChecksum();

  await rig.forgetFits(true);
  const there = await rig.crossValidate('--spark-master', cluster.masterUrl, '--spark-memory', '512m').end;
  assert.equal(there.exitCode, 0, `${there.stderr} ${JSON.stringify(there.result)}`);
  assert.equal(there.result.counts!['complete'], models.length * folds);
  assert.equal(await rig.cvChecksum(), sum);
  const { rows } = await rig.database.query<{ job: string; engine: string; master: string }>(
    `select distinct job, engine, resources ->> 'master' as master from batches
      where job = 'cv_fit' and resources ->> 'master' is not null`,
  );
  assert.deepEqual(rows, [{ job: 'cv_fit', engine: 'standalone', master: cluster.masterUrl }]);
});

test('Dataproc gives them too, through a bucket, and reads nothing of what lies in a folder here', async (t) => {
  const dataproc = await startTestDataproc();
  t.after(() => dataproc.stop());
  const rig = await startCvRig(300, {
    ...dataproc.service.environment,
    // Chosen run by run.
    ENABLE_DATAPROC_SERVERLESS: 'false',
  });
  t.after(() => rig.takeDown());
  dataproc.service.keepSecret(rig.stack().databaseUrl);

  const two = ['--models', 'cox_ph', 'xgb_cox'];
  const here = await rig.crossValidate(...two, '--mode', 'pandas').end;
  assert.equal(here.exitCode, 0, `${here.stderr} ${JSON.stringify(here.result)}`);
  const sum = await rig.cvChecksum();

  // The same run: its folds and fits are in a folder of this machine, so all of them are made again in the bucket. What
  // the model predicts is there already, and would be left alone.
  await rig.database.query(`update units set committed_fingerprint = null where unit = 'refit'`);
  const there = await rig.crossValidate(...two, '--mode', 'spark_cluster', '--engine', 'dataproc').end;
  assert.equal(there.exitCode, 0, `${there.stderr} ${JSON.stringify(there.result)}`);
  assert.equal(there.result.runId, here.result.runId);
  assert.equal(await rig.cvChecksum(), sum);
  const { rows } = await rig.database.query<{ job: string; engine: string; batches: number }>(
    `select b.job, b.engine, count(*)::integer as batches from batches b join runs r using (run_id)
      where b.submitted_at >= r.claimed_at group by 1, 2 order by 1`,
  );
  assert.deepEqual(rows, [
    { job: 'cv_fit', engine: 'dataproc', batches: folds },
    { job: 'cv_prepare', engine: 'local', batches: 1 },
    { job: 'cv_refit', engine: 'dataproc', batches: 1 },
  ]);
  const { rows: stored } = await rig.database.query<{ arrays: string }>('select arrays from cv_fits');
  for (const { arrays } of stored) assert.match(arrays, /^gs:\/\//);
});
