import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { arm, identityOf, kill } from '../chaos/harness.ts';
import { startTestDataproc } from '../support/dataproc.ts';
import type { TestDataproc } from '../support/dataproc.ts';
import { startRig } from '../support/rig.ts';
import type { StackRig } from '../support/rig.ts';
import { until } from '../support/until.ts';

describe('runs on Dataproc Serverless, on loopback', () => {
  let rig: StackRig;
  let dataproc: TestDataproc;
  const failpoints = mkdtempSync(join(tmpdir(), 'sevenfold-failpoints-'));

  before(async () => {
    dataproc = await startTestDataproc({ failpoints });
    rig = {
      ...(await startRig({ ...dataproc.service.environment, SEVENFOLD_FAILPOINTS: failpoints })),
      failpoints,
    };
    dataproc.service.keepSecret(rig.stack().databaseUrl);
  });
  after(async () => {
    await rig?.takeDown();
    await dataproc?.stop();
    rmSync(failpoints, { recursive: true, force: true });
  });

  /** Plain `temporal`, as a person would use it. */
  async function temporal(...args: string[]): Promise<string> {
    const { stdout: exports } = await rig.command('env');
    const line = `eval "$1"; shift; exec temporal "$@"`;
    const ended = await promisify(execFile)('sh', ['-c', line, 'sh', exports, ...args], {
      env: rig.env,
    }).catch((error: unknown) => error as { stdout: string; stderr: string });
    return `${ended.stdout}${ended.stderr}`;
  }

  async function batchesOf(key: string): Promise<{ batchId: string; state: string; watchers: number }[]> {
    const { rows } = await rig.database.query<{ batchId: string; state: string; watchers: number }>(
      `select batch_id as "batchId", b.state, watchers from batches b join runs using (run_id)
        where key = $1 order by submitted_at`,
      [key],
    );
    return rows;
  }

  const driversOf = (batchId: string): number =>
    dataproc.service.started.filter((driver) => driver.batchId === batchId).length;

  test('a worker that is killed while a batch runs is followed by one that adopts it: one driver', async () => {
    const { hit, letGo } = await arm(rig, 'batch-running');
    const { end } = rig.begin('import', 'prices', '--sample');
    await hit;
    kill(identityOf(rig, 'worker'));
    const [batch] = await batchesOf('prices/sample');
    await until('another worker watches', async () =>
      (await batchesOf('prices/sample'))[0]!.watchers > 1 ? true : undefined,
    );
    letGo();
    const { exitCode, result, stderr } = await end;
    assert.equal(exitCode, 0, `${result.statement} ${stderr}`);
    assert.equal(driversOf(batch!.batchId), 1);
    assert.equal((await batchesOf('prices/sample')).length, 1);
  });

  test('temporal workflow cancel ends in a confirmed CANCELLED', async () => {
    const key = 'daily/sample/2026-01-30';
    const { hit, letGo } = await arm(rig, 'batch-running');
    const { end } = rig.run('2026-01-30');
    const pid = await hit;
    await temporal('workflow', 'cancel', '--workflow-id', key);
    assert.equal((await end).result.status, 'cancelled');
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    const [batch] = await batchesOf(key);
    assert.equal(batch?.state, 'CANCELLED');
    const engine = await dataproc.engine();
    assert.equal((await engine.look(batch.batchId))?.state, 'CANCELLED');
    await engine.close();
    letGo();
  });

  test('what a terminated run leaves behind is found by a sweep, and ended by one that may', async () => {
    const key = 'daily/sample/2026-01-31';
    const { hit, letGo } = await arm(rig, 'batch-running');
    const { child, end } = rig.run('2026-01-31');
    await hit;
    await temporal('workflow', 'terminate', '--workflow-id', key);
    await Promise.race([end, until('its end is noticed', () => child.exitCode ?? undefined)]);
    const [batch] = await batchesOf(key);
    const sweep = (mode: string): Promise<string> =>
      temporal(
        ...['workflow', 'execute', '--type', 'sweepBatches', '--task-queue', 'sevenfold', '--output', 'json'],
        ...['--workflow-id', `sweep-${mode}`, '--input', `{"mode":"${mode}"}`],
      );
    assert.match(await sweep('report'), new RegExp(`${batch!.batchId} of ${key}`));
    // As its watcher last saw it, which may have been before it ran.
    assert.match((await batchesOf(key))[0]!.state, /^(PENDING|RUNNING)$/);
    assert.match(await sweep('cancel'), new RegExp(`${batch!.batchId} of ${key} \\(ended\\)`));
    assert.equal((await batchesOf(key))[0]?.state, 'CANCELLED');
    assert.match(await sweep('report'), /each has its run/);
    letGo();
    const again = await rig.begin('retry', key).end;
    assert.equal(again.exitCode, 0, again.stderr);
  });
});
