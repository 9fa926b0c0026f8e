import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { table } from '../../src/kinds/prices/command.ts';
import { startSharedRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';
import { sharedData, unlessThere } from '../support/shared-data.ts';

const commodity = sharedData('commodity');
const noShared = unlessThere(commodity);

const prices = 'date,commodity,close\n2025-01-02,OIL,70.5\n2025-01-03,OIL,71\n2025-01-06,OIL,72.25\n';

test('the table lines up whatever its numbers', () => {
  const series = {
    rows: 9_701,
    new: 0,
    versions: 1,
    revised: 0,
    unchanged: 9_700,
    kept: 0,
    tradingDays: 6_658,
    firstDate: '2000-01-01',
    lastDate: '2026-07-23',
  };
  assert.deepEqual(table({ WTI: series, BRENT: { ...series, rows: 12 } }), [
    'series  first       last         rows  trading days  new  versions  revised  unchanged  kept',
    'WTI     2000-01-01  2026-07-23  9,701         6,658    0         1        0      9,700     0',
    'BRENT   2000-01-01  2026-07-23     12         6,658    0         1        0      9,700     0',
  ]);
});

describe('import prices on a whole stack', () => {
  let rig: Rig;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sevenfold-prices-'));
    rig = await startSharedRig();
  });
  after(async () => {
    await rig?.takeDown();
    rmSync(folder, { recursive: true });
  });

  async function json(...args: string[]): Promise<Record<string, unknown>> {
    const { stdout, exitCode } = await rig.command('import', 'prices', ...args, '--json');
    return { ...(JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>), exitCode };
  }

  async function rowsOf(name: string): Promise<number> {
    const { rows } = await rig.database.query<{ rows: number }>(
      'select count(*)::integer as rows from prices where commodity = $1',
      [name],
    );
    return rows[0]!.rows;
  }

  function write(name: string, content: string): string {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'prices_daily.csv'), content);
    return join(folder, name);
  }

  test('a folder is imported, and the same folder again changes nothing and says so', async () => {
    const path = write('oil', prices);
    const first = await json(path);
    assert.deepEqual(
      [first['exitCode'], first['status'], first['key']],
      [0, 'complete', 'prices/oil'],
      JSON.stringify(first),
    );
    assert.deepEqual(first['counts'], { rows: 5, commodities: 1 });
    const { stdout, exitCode } = await rig.command('import', 'prices', path);
    assert.equal(exitCode, 0);
    assert.match(stdout, /OIL +2025-01-02 +2025-01-06 +5 +3 +0 +0 +0 +5 +0/);
    assert.match(stdout, /Nothing has changed/);
  });

  test('a bad row keeps the file out, is named on one line, and all of them are in the log', async () => {
    const rows = Array.from({ length: 12 }, (_, day) => `2025-02-${10 + day},BAD,NaN\n`).join('');
    const path = write('bad', prices.replaceAll('OIL', 'BAD') + rows);
    const ended = await json(path);
    assert.deepEqual([ended['exitCode'], ended['status']], [1, 'failed']);
    assert.match(
      ended['statement'] as string,
      /12 faults in bad, nothing was imported.*prices_daily.csv line 5 \(BAD 2025-02-10\), column close: 'NaN' is not/,
    );
    assert.equal(await rowsOf('BAD'), 0);
    const { stdout } = await rig.command('logs', 'prices/bad');
    assert.equal(new Set(stdout.match(/prices_daily\.csv line \d+/g)).size, 12);
  });

  test('the same path is imported once its rows are right', async () => {
    const ended = await json(write('bad', prices.replaceAll('OIL', 'BAD')));
    assert.deepEqual([ended['exitCode'], ended['status']], [0, 'complete']);
    assert.equal(await rowsOf('BAD'), 5);
  });

  test('the sample is imported without a path and marked as generated', async () => {
    const ended = await json('--sample');
    assert.equal(ended['status'], 'complete', JSON.stringify(ended));
    assert.equal(await rowsOf('SAMPLE'), 7_668);
    const { rows } = await rig.database.query(
      `select is_synthetic from commodities where commodity = 'SAMPLE'`,
    );
    assert.deepEqual(rows, [{ is_synthetic: true }]);
  });

  test('what cannot be imported is refused in one line before anything starts', async () => {
    for (const [args, expected] of [
      [[join(folder, 'nowhere')], /There is no file or folder .*nowhere: check the path/],
      [[], /Say what to import/],
      [[folder, '--sample'], /two sources/],
    ] as const) {
      const { exitCode, stderr } = await rig.command('import', 'prices', ...args);
      assert.equal(exitCode, 2);
      assert.match(stderr.trim(), expected);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    assert.match(
      (await json(empty))['statement'] as string,
      /holds neither unified_daily.parquet nor prices_daily.csv/,
    );
  });

  test('the equivalent temporal command is printed', async () => {
    const { stdout } = await rig.command('import', 'prices', '--sample', '--show-temporal');
    assert.equal(
      stdout.trim(),
      `temporal workflow start --type importPrices --task-queue sevenfold --workflow-id 'prices/sample' --input '{"sample":true}'`,
    );
  });

  test('the shared prices are whole', { skip: noShared }, async () => {
    const ended = await json(commodity);
    assert.equal(ended['status'], 'complete', JSON.stringify(ended));
    assert.deepEqual(ended['counts'], { rows: 19_402, commodities: 2 });
    assert.deepEqual([await rowsOf('WTI'), await rowsOf('BRENT')], [9_701, 9_701]);
    const { rows } = await rig.database.query(
      `select close, covariates from prices where commodity = 'WTI' and date = '2020-04-20'`,
    );
    assert.deepEqual(rows, [
      { close: -36.98, covariates: { vix: 43.83, peer_close: 17.36, henry_hub: 1.78 } },
    ]);
  });
});
