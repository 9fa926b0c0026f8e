import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { dates, first, last, paths, startSharedBackfillRig } from '../../support/backfill-rig.ts';
import type { BackfillRig } from '../../support/backfill-rig.ts';

const naive = ['--models', 'naive'];

describe('a backfill into a Delta table is complete by the rows of the table', () => {
  let rig: BackfillRig;
  let folder: string;
  let delta: string[];

  async function complete(...options: string[]) {
    const { exitCode, result, stderr } = await rig.backfill(...options).end;
    assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
    assert.equal(result.status, 'complete');
    return result;
  }

  before(async () => {
    rig = await startSharedBackfillRig();
    folder = mkdtempSync(join(tmpdir(), 'sevenfold-test-delta-'));
    delta = ['--sink', 'delta', '--sink-path', join(folder, 'a table')];
  });
  after(async () => {
    await rig?.takeDown();
    rmSync(folder, { recursive: true, force: true });
  });

  test('from nothing, and a second start finds everything there', async () => {
    const result = await complete(...delta);
    assert.equal(result.counts!['rows'], 2 * dates * paths);
    assert.equal(result.counts!['points'], 2 * dates * 14);
    const { rows } = await rig.database.query<{ found: number }>(
      'select count(*)::integer as found from distributions where path_id > 0',
    );
    assert.equal(rows[0]!.found, 0, 'no paths in PostgreSQL');
    assert.equal((await complete(...delta)).alreadyComplete, true);
  });

  test('coverage counts them there and nowhere else', async () => {
    const range = ['--start', first, '--end', last, '--paths', String(paths), '--json'];
    const covered = async (...options: string[]) => {
      const look = await rig.command('coverage', '--commodity', 'SAMPLE', ...naive, ...range, ...options);
      return (JSON.parse(look.stdout) as { models: { complete: number }[] }).models[0]!.complete;
    };
    assert.equal(await covered(...delta), dates);
    assert.equal(await covered(), 0);
  });

  test('the same run into PostgreSQL has a key and rows of its own', async () => {
    const result = await complete(...naive);
    assert.equal(result.counts!['rows'], dates * paths);
    assert.equal((await complete(...delta)).alreadyComplete, true);
  });

  test('a table that is gone is made again', async () => {
    rmSync(join(folder, 'a table'), { recursive: true });
    const result = await complete(...naive, ...delta);
    assert.equal(result.counts!['rows'], dates * paths);
  });

  test('a place that no table can have is refused in one line, before anything is started', async () => {
    for (const [options, message] of [
      [['--sink', 'detla'], /sink is "detla"/],
      [['--sink', 'delta', '--sink-path', 'gs://x'], /cannot be kept at gs:\/\/x: buckets are not there yet/],
      [['--sink', 'delta', '--sink-path', '/a%20b'], /cannot be kept at \/a%20b: .*% in its name/],
      [['--sink', 'postgres', '--sink-path', '/a'], /the sink postgres has no path: leave it out/],
    ] as const) {
      const { exitCode, stderr } = await rig.command(
        ...['run', 'backfill', '--commodity', 'SAMPLE', ...naive, ...options],
      );
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
  });
});
