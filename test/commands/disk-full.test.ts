import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { serverUser } from '../../src/stack/places.ts';
import { makePanel } from '../support/panel.ts';
import { startSharedRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';
import { onServer } from '../support/postgres.ts';

const day = '2026-03-31';
// The server is shared, and so are the names of what lies in it.
const tablespace = `small_${process.pid}`;
const key = `daily/files/panel/${day}`;

// Only root on Linux can make a file system of 64 kB. That a full disk is given up on after three tries is shown
// for everybody in test/workflows.
if (process.platform === 'linux' && process.getuid?.() === 0) {
  let rig: Rig;
  let small: string;
  let name: string;
  let panel: string;
  before(async () => {
    rig = await startSharedRig();
    name = new URL(rig.env['DATABASE_URL']!).pathname.slice(1);
    small = join(rig.stateFolder, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
    const user = serverUser()!;
    chownSync(small, user.uid, user.gid);
    // More rows of metrics than there is room for, and too few days for a model.
    panel = join(rig.stateFolder, 'panel');
    makePanel(panel, { pools: 45, days: 9, lastDay: '2026-03-30' });
    await rig.database.query(`create tablespace ${tablespace} location '${small}'`);
  });
  after(async () => {
    await rig.takeDown({ keepFolder: true });
    await onServer(`drop tablespace ${tablespace}`);
    execFileSync('umount', [small]);
    rmSync(rig.stateFolder, { recursive: true, force: true });
  });

  test('a full disk ends the run after three tries with one line and nothing half-done; with room, retry does the rest', async () => {
    await rig.database.query(`alter database ${name} set default_tablespace = ${tablespace}`);
    const { exitCode, stdout, stderr } = await rig.command(
      ...['run', 'daily', '--dataset', 'files', '--path', panel, '--date', day],
    );
    assert.equal(exitCode, 1, stdout + stderr);
    assert.match(stdout + stderr, /failed in phase metrics.*[Nn]o space/);
    assert.doesNotMatch(stdout + stderr, /\n\s+at |Traceback/);
    const half = await rig.database.query(
      'select 1 from pool_daily_metrics where metrics_version is not null limit 1',
    );
    assert.equal(half.rowCount, 0);
    const { rows } = await rig.database.query(`select attempt from units where unit = 'metrics'`);
    assert.deepEqual(rows, [{ attempt: 3 }]);

    await rig.database.query(`alter database ${name} reset default_tablespace`);
    const retried = await rig.command('retry', key, '--json');
    assert.equal(retried.exitCode, 0, retried.stdout + retried.stderr);
    const left = await rig.database.query(`select 1 from pg_tables where schemaname = 'staging'`);
    assert.equal(left.rowCount, 0, 'no staging table is left behind');
  });
}
