import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { first, forecastChecksum, forgetForecasts } from '../support/backfill-rig.ts';
import type { SinkPlace } from '../../src/kinds/backfill/sinks/sink.ts';
import { startTestDataproc } from '../support/dataproc.ts';
import type { TestDataproc } from '../support/dataproc.ts';
import { makePanel } from '../support/panel.ts';
import { startRig } from '../support/rig.ts';
import type { StackRig } from '../support/rig.ts';
import { startSparkCluster } from '../support/spark-cluster.ts';
import type { SparkCluster } from '../support/spark-cluster.ts';

const day = '2026-03-30';
/** 40 trading days of the generated series. */
const last = '2024-07-15';

// Small, so that it takes a minute. `npm run bench engines` compares 45 pools and 1,200,000 paths, all on all three.
describe('the same run on every engine', () => {
  let rig: StackRig;
  let cluster: SparkCluster;
  let dataproc: TestDataproc;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sevenfold-panel-'));
    makePanel(join(folder, 'panel'), { pools: 6, days: 90, lastDay: day });
    dataproc = await startTestDataproc();
    // Executors of the cluster and readers of this test find the store as the stack's processes do.
    process.env['STORAGE_EMULATOR_HOST'] = dataproc.store.emulatorHost;
    cluster = await startSparkCluster({ memory: '5g' });
    rig = await startRig({
      ...dataproc.service.environment,
      // Chosen run by run.
      ENABLE_DATAPROC_SERVERLESS: 'false',
      SPARK_MASTER_URL: cluster.masterUrl,
      SPARK_MASTER_UI_URL: cluster.masterUi,
    });
    dataproc.service.keepSecret(rig.stack().databaseUrl);
  });
  after(async () => {
    await rig?.takeDown();
    await dataproc?.stop();
    await cluster?.stop();
    delete process.env['STORAGE_EMULATOR_HOST'];
    rmSync(folder, { recursive: true, force: true });
  });

  async function enginesOf(runId: string): Promise<string[]> {
    const { rows } = await rig.database.query<{ engine: string }>(
      `select distinct b.engine from batches b join runs r using (run_id)
        where run_id = $1 and submitted_at >= r.claimed_at order by 1`,
      [runId],
    );
    return rows.map(({ engine }) => engine);
  }

  test('a day has the same rows, with code and data through the object store', async () => {
    const sums = new Map<string, string>();
    for (const engine of ['local', 'dataproc']) {
      const { end } = rig.run(
        day,
        ...['--dataset', 'files', '--path', join(folder, 'panel'), '--force', '--engine', engine],
      );
      const { exitCode, result, stderr } = await end;
      assert.equal(exitCode, 0, `${engine}: ${result.statement ?? result.error?.message} ${stderr}`);
      assert.deepEqual(await enginesOf(result.runId!), [engine]);
      sums.set(engine, await rig.checksum());
    }
    assert.equal(new Set(sums.values()).size, 1, JSON.stringify([...sums]));
  });

  test('a backfill has the same bytes, in PostgreSQL and in a bucket', async () => {
    const imported = await rig.begin('import', 'prices', '--sample').end;
    assert.equal(imported.exitCode, 0, imported.stderr);
    const sums = new Map<string, string>();
    const ofSinks: (SinkPlace | undefined)[] = [
      undefined,
      { name: 'delta', path: `gs://${dataproc.bucket}/distributions` },
    ];
    for (const sink of ofSinks) {
      for (const engine of ['local', 'standalone', 'dataproc']) {
        const { end } = rig.begin(
          ...['run', 'backfill', '--commodity', 'SAMPLE', '--models', 'xgboost', '--paths', '100'],
          ...['--start', first, '--end', last, '--engine', engine],
          ...(sink === undefined ? [] : ['--sink', 'delta', '--sink-path', sink.path!]),
        );
        const { exitCode, result, stderr } = await end;
        assert.equal(exitCode, 0, `${engine}: ${result.statement ?? result.error?.message} ${stderr}`);
        assert.match(result.statement ?? '', /4,000 of 4,000 rows/);
        assert.deepEqual(await enginesOf(result.runId!), [engine]);
        sums.set(
          `${engine}, ${sink?.name ?? 'postgres'}`,
          await forecastChecksum(rig.database, first, last, sink),
        );
        // The cluster infers with the models of this machine; those of the service are trained there. Without its metadata
        // a date of the table is partial and is made again.
        await forgetForecasts(rig, engine !== 'local');
      }
    }
    assert.equal(new Set(sums.values()).size, 1, JSON.stringify([...sums]));
  });
});
