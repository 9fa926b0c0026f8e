import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folds, models, startCvRig } from '../support/cv-rig.ts';
import { startSparkCluster } from '../support/spark-cluster.ts';

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
