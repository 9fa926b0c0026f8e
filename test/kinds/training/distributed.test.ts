/** Rows that the tasks of a cluster share: the verdicts of a native training, and a model as good, which any engine applies. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRig } from '../../support/rig.ts';
import type { Rig } from '../../support/rig.ts';
import { startSparkCluster } from '../../support/spark-cluster.ts';

const rowCount = 20_000;

/** Numbers in [0, 1) that are the same each time (Park and Miller). */
function drawn(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function table(): string {
  const draw = drawn(7);
  const lines = ['id,age,hour,channel,town,luck,same,buys'];
  for (let row = 0; row < rowCount; row += 1) {
    const [age, hour, channel, town] = [20 + 50 * draw(), draw() * 24, draw() * 3, Math.floor(draw() * 130)];
    const name = ['shop', 'web', 'phone'][Math.floor(channel)]!;
    const score = (age - 45) / 12 + (name === 'web' ? 1 : 0) - (hour > 18 ? 1 : 0) + (town % 7) / 7;
    const buys = draw() < 1 / (1 + Math.exp(-score));
    const shown = draw() < 0.06 ? '' : age.toFixed(2);
    lines.push(
      [
        `v${row}`,
        shown,
        Math.floor(hour),
        name,
        `town ${town}`,
        draw().toFixed(6),
        1,
        buys ? 'yes' : 'no',
      ].join(),
    );
  }
  return `${lines.join('\n')}\n`;
}

interface Trained {
  model: string;
  root: string;
  columns: unknown;
  auc: number;
  jobs: Record<string, string>;
}

async function train(rig: Rig, file: string, ...more: string[]): Promise<Trained> {
  const options = ['--models', 'linear', 'lightgbm', '--trials', '2', '--id', 'id', ...more];
  const trained = await rig.begin('run', 'train', '--dataset', file, '--target', 'buys', ...options).end;
  assert.equal(trained.exitCode, 0, `${trained.stderr} ${JSON.stringify(trained.result)}`);
  const { rows } = await rig.database.query<Trained>(
    `select model_id as model, root, columns, (figures ->> 'auc')::float as auc,
            (select jsonb_object_agg(job, engine) from batches b where b.run_id = r.run_id) as jobs
       from training_refits r join models using (model_id) join training_data using (data_version)
       join training_evaluations e using (run_id, model_id)
      where run_id = $1 and part = 'test' and candidate = 'winner'`,
    [trained.result.runId],
  );
  assert.equal(rows.length, 1);
  return rows[0]!;
}

test('the tasks of a cluster give the verdicts of one process and a model as good', async (t) => {
  const cluster = await startSparkCluster({ memory: '1g' });
  t.after(() => cluster.stop());
  const rig = await startRig({
    SPARK_MASTER_URL: cluster.masterUrl,
    SPARK_MASTER_UI_URL: cluster.masterUi,
    SPARK_EXECUTOR_MEMORY: '1g',
  });
  t.after(() => rig.takeDown());
  const file = join(rig.stateFolder, 'rows.csv');
  writeFileSync(file, table());

  const native = await train(rig, file, '--path', 'native');
  const there = await train(rig, file, '--path', 'distributed');
  assert.deepEqual(there.columns, native.columns);
  // Other rows test: two draws of 4,000 differ by about as much.
  assert.ok(Math.abs(there.auc - native.auc) < 0.02, `${there.auc} and ${native.auc}`);
  assert.deepEqual(
    ['training_profile', 'training_fit', 'training_refit', 'training_select'].map((job) => there.jobs[job]),
    ['standalone', 'standalone', 'standalone', 'local'],
  );

  const scored = await rig.begin('score', '--model', there.model, '--dataset', file, '--engine', 'local').end;
  assert.equal(scored.exitCode, 0, `${scored.stderr} ${JSON.stringify(scored.result)}`);
  const { rows } = await rig.database.query<{ output: string; rows: number }>(
    'select output, rows from scorings',
  );
  assert.equal(rows[0]!.rows, rowCount);
  assert.equal(readFileSync(rows[0]!.output).subarray(0, 4).toString(), 'PAR1');
});
