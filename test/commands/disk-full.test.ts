import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { serverUser } from '../../src/stack/places.ts';
import { startRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const day = '2026-11-01';
const key = `daily/sample/${day}`;

// Only root on Linux can make a file system of two megabytes. That a full disk is given up on after three tries is shown
// for everybody in test/workflows.
if (process.platform === 'linux' && process.getuid?.() === 0) {
  let rig: Rig;
  let small: string;
  before(async () => {
    rig = await startRig();
    small = join(rig.stateFolder, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
    const user = serverUser()!;
    chownSync(small, user.uid, user.gid);
    await rig.database.query(`create tablespace small location '${small}'`);
  });
  after(async () => {
    await rig.command('down');
    execFileSync('umount', [small]);
    await rig.takeDown();
  });

  test('a full disk ends the run after three tries with one line and nothing half-done; with room, retry does the rest', async () => {
    await rig.database.query('alter database sevenfold set default_tablespace = small');
    const { exitCode, stdout, stderr } = await rig.command(
      'run',
      'daily',
      '--dataset',
      'sample',
      '--date',
      day,
    );
    assert.equal(exitCode, 1);
    assert.match(stdout + stderr, /failed in phase metrics.*[Nn]o space/);
    assert.doesNotMatch(stdout + stderr, /\n\s+at |Traceback/);
    const half = await rig.database.query(
      'select 1 from pool_daily_metrics where metrics_version is not null limit 1',
    );
    assert.equal(half.rowCount, 0);
    const { rows } = await rig.database.query(`select attempt from units where unit = 'metrics'`);
    assert.deepEqual(rows, [{ attempt: 3 }]);

    await rig.database.query('alter database sevenfold reset default_tablespace');
    const retried = await rig.command('retry', key, '--json');
    assert.equal(retried.exitCode, 0, retried.stdout + retried.stderr);
    const left = await rig.database.query(`select 1 from pg_tables where schemaname = 'staging'`);
    assert.equal(left.rowCount, 0, 'no staging table is left behind');
  });
}
