import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { forecastChecksum, forgetForecasts } from '../support/backfill-rig.ts';
import { startTestDataproc } from '../support/dataproc.ts';
import type { TestDataproc } from '../support/dataproc.ts';
import { startRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';
import { startSparkCluster } from '../support/spark-cluster.ts';
import type { SparkCluster } from '../support/spark-cluster.ts';

const shared = resolve(readConfig().checkout, process.env['SEVENFOLD_SHARED'] ?? '../shared');
const panel45 = join(shared, 'data/pools/panel45');
const commodity = join(shared, 'data/commodity');
const noShared = existsSync(panel45) ? false : `${panel45} is absent (SEVENFOLD_SHARED names the folder)`;

const engines = ['local', 'standalone', 'dataproc'] as const;
/** 300 trading days of WTI. */
const range = { first: '2019-01-02', last: '2020-03-13', dates: 300 };

describe('the same run on every engine', { skip: noShared }, () => {
  let rig: Rig;
  let cluster: SparkCluster;
  let dataproc: TestDataproc;

  before(async () => {
    cluster = await startSparkCluster({ memory: '5g' });
    dataproc = await startTestDataproc();
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
  });

  async function enginesOf(runId: string): Promise<string[]> {
    const { rows } = await rig.database.query<{ engine: string }>(
      `select distinct b.engine from batches b join runs r using (run_id)
        where run_id = $1 and submitted_at >= r.claimed_at order by 1`,
      [runId],
    );
    return rows.map(({ engine }) => engine);
  }

  test('a day of 45 pools has the same rows, with code and data through the object store', async () => {
    const sums = new Map<string, string>();
    for (const engine of engines) {
      const { end } = rig.run(
        '2022-02-13',
        ...['--dataset', 'files', '--path', panel45, '--force', '--engine', engine],
      );
      const { exitCode, result, stderr } = await end;
      assert.equal(exitCode, 0, `${engine}: ${result.statement ?? result.error?.message} ${stderr}`);
      assert.deepEqual(await enginesOf(result.runId!), [engine]);
      sums.set(engine, await rig.checksum());
    }
    assert.equal(new Set(sums.values()).size, 1, JSON.stringify([...sums]));
  });

  test('a backfill of 300 dates has the same bytes', async () => {
    const imported = await rig.begin('import', 'prices', commodity, '--commodities', 'WTI').end;
    assert.equal(imported.exitCode, 0, imported.stderr);
    const sums = new Map<string, string>();
    for (const engine of engines) {
      const { end } = rig.begin(
        ...['run', 'backfill', '--commodity', 'WTI', '--models', 'naive', 'xgboost', '--paths', '400'],
        ...['--start', range.first, '--end', range.last, '--engine', engine],
      );
      const { exitCode, result, stderr } = await end;
      assert.equal(exitCode, 0, `${engine}: ${result.statement ?? result.error?.message} ${stderr}`);
      assert.match(result.statement ?? '', /240,000 of 240,000 rows/);
      assert.deepEqual(await enginesOf(result.runId!), [engine]);
      sums.set(engine, await forecastChecksum(rig.database, range.first, range.last));
      await forgetForecasts(rig, true);
    }
    assert.equal(new Set(sums.values()).size, 1, JSON.stringify([...sums]));
  });
});
