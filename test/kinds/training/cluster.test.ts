/** A native model hangs on its rows and seed: wherever a run's engine is, it is the same files. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startTestDataproc } from '../../support/dataproc.ts';
import { startRig } from '../../support/rig.ts';
import type { Rig } from '../../support/rig.ts';
import { startSparkCluster } from '../../support/spark-cluster.ts';

const rows = Array.from({ length: 300 }, (_, row) => {
  const visits = (row * 7) % 31;
  const channel = ['shop', 'web', 'phone'][(row * 5) % 3]!;
  const buys = visits > 14 !== (row % 9 === 0) || channel === 'web';
  return `${row % 11 === 0 ? '' : visits},${channel},${(row * 13) % 17},${buys ? 'yes' : 'no'}`;
});
const options = ['--models', 'linear', 'lightgbm', 'xgboost', '--trials', '2', '--folds', '2'];

interface Made {
  model: string;
  root: string;
  objects: string;
  scored: string;
}

/** Trains as if nothing had been, on an engine, and applies the model to the same rows. */
async function train(rig: Rig, engine: string): Promise<Made> {
  const file = join(rig.stateFolder, 'rows.csv');
  writeFileSync(file, ['visits,channel,luck,buys', ...rows, ''].join('\n'));
  await rig.database.query(
    'truncate training_data, training_fits, training_selections, training_refits, training_evaluations, training_importances, scorings, models cascade',
  );
  await rig.database.query(
    `update units set committed_fingerprint = null, committed_attempt = null, verdict = 'missing', rows_found = null, finished_at = null`,
  );
  const where = ['--engine', engine];
  const trained = await rig.begin(
    ...['run', 'train', '--dataset', file, '--target', 'buys', ...options, ...where],
  ).end;
  assert.equal(trained.exitCode, 0, `${trained.stderr} ${JSON.stringify(trained.result)}`);
  const { rows: models } = await rig.database.query<Omit<Made, 'scored'>>(
    'select model_id as model, root, object_root as objects from models, training_data',
  );
  assert.equal(models.length, 1);
  const made = models[0]!;
  const scored = await rig.begin('score', '--model', made.model, '--dataset', file, ...where).end;
  assert.equal(scored.exitCode, 0, `${scored.stderr} ${JSON.stringify(scored.result)}`);
  const { rows: scorings } = await rig.database.query<{ scored: string }>(
    'select output_sha256 as scored from scorings',
  );
  assert.equal(scorings.length, 1);
  return { ...made, scored: scorings[0]!.scored };
}

test('a cluster of two workers gives the model of this machine', async (t) => {
  const cluster = await startSparkCluster({ memory: '1g' });
  t.after(() => cluster.stop());
  const rig = await startRig({ SPARK_MASTER_URL: cluster.masterUrl, SPARK_MASTER_UI_URL: cluster.masterUi });
  t.after(() => rig.takeDown());
  const here = await train(rig, 'local');
  rmSync(here.objects, { recursive: true });
  rmSync(here.root, { recursive: true });
  assert.deepEqual(await train(rig, 'standalone'), here);
});

test('Dataproc gives it too, from files in a bucket', async (t) => {
  const dataproc = await startTestDataproc();
  t.after(() => dataproc.stop());
  const rig = await startRig({
    ...dataproc.service.environment,
    // Chosen run by run.
    ENABLE_DATAPROC_SERVERLESS: 'false',
  });
  t.after(() => rig.takeDown());
  dataproc.service.keepSecret(rig.stack().databaseUrl);
  const here = await train(rig, 'local');
  const there = await train(rig, 'dataproc');
  assert.deepEqual([there.model, there.scored], [here.model, here.scored]);
  assert.match(here.objects, /^\//);
  assert.match(there.objects, /^gs:\/\//);
  assert.match(there.root, /^gs:\/\//);
});
