import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { descendantsOf, identify, killTree } from '../../src/stack/processes.ts';
import { forgetForecasts, startBackfillRig } from '../support/backfill-rig.ts';
import { startSparkCluster } from '../support/spark-cluster.ts';
import type { SparkCluster } from '../support/spark-cluster.ts';
import { arm } from './harness.ts';

describe('a backfill on a standalone cluster', () => {
  let rig: Awaited<ReturnType<typeof startBackfillRig>>;
  let cluster: SparkCluster;
  before(async () => {
    cluster = await startSparkCluster();
    rig = await startBackfillRig({
      SPARK_MASTER_URL: cluster.masterUrl,
      SPARK_MASTER_UI_URL: cluster.masterUi,
      SPARK_EXECUTOR_MEMORY: '512m',
      SPARK_DRIVER_MEMORY: '1g',
    });
  });
  after(async () => {
    await rig?.takeDown();
    await cluster?.stop();
  });

  /** The machine of the cluster that a process runs on. */
  function machineOf(pid: number): number {
    const worker = cluster.workers.find(
      (one) => one.pid !== undefined && descendantsOf(one.pid).some((info) => info.pid === pid),
    );
    assert.ok(worker?.pid, `process ${pid} runs on none of the workers`);
    return worker.pid;
  }

  test('loses a worker in the middle of a COPY, completes, and has the same bytes', async () => {
    const undisturbed = await rig.backfill('--engine', 'local').end;
    assert.equal(undisturbed.exitCode, 0, undisturbed.stderr);
    const expected = await rig.forecastChecksum();
    await forgetForecasts(rig);

    const { hit, letGo } = await arm(rig, 'mid-copy');
    const { end } = rig.backfill('--engine', 'standalone');
    const machine = machineOf(await hit);
    await killTree(identify(machine)!);
    letGo();
    const { exitCode, result, stderr } = await end;
    assert.equal(exitCode, 0, `${result.statement} ${stderr}`);
    const { workers } = await cluster.state();
    assert.deepEqual(workers.map(({ state }) => state).sort(), ['ALIVE', 'DEAD']);
    assert.equal(await rig.forecastChecksum(), expected);
    const { rows } = await rig.database.query(
      `select distinct engine from batches where engine = 'standalone'`,
    );
    assert.equal(rows.length, 1);
  });
});
