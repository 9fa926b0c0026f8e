import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { modelVersion } from '../../../src/kinds/backfill/key.ts';
import { dates, first, last, paths, startSharedBackfillRig } from '../../support/backfill-rig.ts';
import type { BackfillRig } from '../../support/backfill-rig.ts';

const naive = ['--models', 'naive'];
const version = modelVersion('naive', { paths });

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

  test('both sinks have one checksum, and an export of either is the same file', async () => {
    const range = ['--start', first, '--end', last, '--paths', String(paths), '--json'];
    const sums = async (...options: string[]) => {
      const look = await rig.command(
        ...['coverage', '--commodity', 'SAMPLE', ...naive, ...range, '--checksum', ...options],
      );
      return (JSON.parse(look.stdout) as { checksums: { rows: number; sha256: string }[] }).checksums;
    };
    const [inTable, inDatabase] = [await sums(...delta), await sums()];
    assert.equal(inTable[0]!.rows, dates * paths);
    assert.deepEqual(inTable, inDatabase);
    for (const ending of ['csv', 'parquet']) {
      const written = async (name: string, ...options: string[]) => {
        const file = join(folder, `${name}.${ending}`);
        const out = await rig.command(
          ...['export', 'paths', '--to', file, '--commodity', 'SAMPLE', '--models', version, ...options],
        );
        assert.equal(out.exitCode, 0, out.stderr);
        return readFileSync(file);
      };
      const [ofTable, ofDatabase] = [await written('table', ...delta), await written('database')];
      assert.ok(ofTable.equals(ofDatabase), ending);
      if (ending === 'csv') assert.equal(ofTable.toString().split('\r\n').length, 1 + dates * paths + 1);
    }
  });

  test('forecasts are copied into another table and back, verified, and only what is missing', async () => {
    const copy = async (...options: string[]) => {
      const out = await rig.command(
        ...['copy', 'forecasts', '--commodity', 'SAMPLE', ...naive, '--start', first, '--end', last],
        ...['--paths', String(paths), '--json', ...options],
      );
      assert.equal(out.exitCode, 0, out.stderr);
      return (JSON.parse(out.stdout) as { copied: { copied: number; there: number; sha256: string }[] })
        .copied[0]!;
    };
    const elsewhere = join(folder, '100% new');
    const there = await copy('--from', 'postgres', '--to', 'delta', '--to-path', elsewhere);
    assert.deepEqual([there.copied, there.there], [dates, 0]);
    // To the ledger its dates are as whole as those that were forecast there.
    assert.equal(
      (await complete(...naive, '--sink', 'delta', '--sink-path', elsewhere)).counts!['complete'],
      dates,
    );
    await rig.database.query('delete from distributions where path_id > 0 and forecast_start_date > $1', [
      '2024-07-01',
    ]);
    const back = await copy('--from', 'delta', '--from-path', elsewhere, '--to', 'postgres');
    assert.ok(back.copied > 0 && back.there > 0, JSON.stringify(back));
    assert.equal(back.sha256, there.sha256);
    assert.equal((await complete(...naive)).counts!['complete'], dates);
  });

  test('prune knows the tables and leaves what is young', async () => {
    const out = await rig.command('prune', '--dry-run', '--json');
    assert.equal(out.exitCode, 0, out.stderr);
    const { rows } = await rig.database.query<{ path: string }>('select path from delta_tables order by 1');
    assert.deepEqual(
      rows.map(({ path }) => path),
      [join(folder, '100% new'), join(folder, 'a table')],
    );
  });

  test('plan backfill holds both sinks against each other', async () => {
    const out = await rig.command(
      ...['plan', 'backfill', '--commodity', 'SAMPLE', ...naive, '--start', first, '--end', last],
      ...['--paths', String(paths), '--redo', 'all', '--json', ...delta],
    );
    assert.equal(out.exitCode, 0, out.stderr);
    const { sinks } = JSON.parse(out.stdout) as {
      sinks: { sink: string; bytes: number; sizes: { cores: number; limit: string }[] }[];
    };
    assert.deepEqual(
      sinks.map(({ sink, sizes }) => [sink, sizes.map(({ cores }) => cores)]),
      [
        ['postgres', [8, 32, 128]],
        ['delta', [8, 32, 128]],
      ],
    );
    assert.ok(sinks[1]!.bytes < sinks[0]!.bytes);
  });

  test('what no sink can give is refused in one line', async () => {
    for (const [args, message] of [
      [['export', 'paths', '--to', '/tmp/a.csv'], /--commodity <name>/],
      [['export', 'pools', '--to', '/tmp/a.csv', '--sink', 'delta'], /--sink is for the view paths/],
      [
        ['copy', 'forecasts', '--commodity', 'SAMPLE', ...naive, '--from', 'delta', '--to', 'delta'],
        /--from and --to are the same place/,
      ],
      [
        ['copy', 'forecasts', '--commodity', 'SAMPLE', ...naive, '--from', 'oracle', '--to', 'delta'],
        /--from is "oracle", but must be postgres or delta/,
      ],
    ] as const) {
      const { exitCode, stderr } = await rig.command(...args);
      assert.equal(exitCode, 2, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
  });

  test('a file that somebody removed is missed and made again', async () => {
    const partition = join(folder, 'a table', `model_version=${version}`, 'commodity=SAMPLE');
    for (const file of readdirSync(partition)) rmSync(join(partition, file));
    const out = await rig.command(
      ...['coverage', '--commodity', 'SAMPLE', ...naive, '--start', first, '--end', last],
      ...['--paths', String(paths), '--json', ...delta],
    );
    assert.equal(out.exitCode, 1, out.stderr);
    assert.equal((JSON.parse(out.stdout) as { models: { complete: number }[] }).models[0]!.complete, 0);
    const file = join(folder, 'none.csv');
    const exported = await rig.command(
      ...['export', 'paths', '--to', file, '--commodity', 'SAMPLE', '--models', version, ...delta],
    );
    assert.equal(exported.exitCode, 2, exported.stderr);
    assert.match(exported.stderr, /^.* of .*a table is damaged or gone, and paths of .* with it: .*\n$/);
    assert.ok(!existsSync(file));
    assert.equal((await complete(...naive, ...delta)).counts!['rows'], dates * paths);
  });

  test('a table that is gone is made again', async () => {
    rmSync(join(folder, 'a table'), { recursive: true });
    const result = await complete(...naive, ...delta);
    assert.equal(result.counts!['rows'], dates * paths);
  });

  test('a price series that is dropped goes out of the table too', async () => {
    const out = await rig.command('prune', '--series', 'SAMPLE', '--json');
    assert.equal(out.exitCode, 0, out.stderr);
    const { pruned } = JSON.parse(out.stdout) as { pruned: { what: string; rows: number }[] };
    const inTables = pruned.filter(({ what }) => what.startsWith(folder));
    assert.deepEqual(
      inTables.map(({ rows }) => rows),
      [dates * paths, dates * paths],
    );
    // What is imported again begins from nothing, in the table as well.
    const imported = await rig.begin('import', 'prices', '--sample').end;
    assert.equal(imported.exitCode, 0, imported.stderr);
    const look = await rig.command(
      ...['coverage', '--commodity', 'SAMPLE', ...naive, '--start', first, '--end', last],
      ...['--paths', String(paths), '--json', ...delta],
    );
    assert.equal((JSON.parse(look.stdout) as { models: { rows: number }[] }).models[0]!.rows, 0);
  });

  test('a place that no table can have is refused in one line, before anything is started', async () => {
    for (const [options, message] of [
      [['--sink', 'detla'], /sink is "detla"/],
      [['--sink', 'delta', '--sink-path', 'gs://x'], /cannot be kept at gs:\/\/x: it must be gs:/],
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
