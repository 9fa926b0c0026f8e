import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSharedRig } from './rig.ts';
import type { Rig } from './rig.ts';

const pricesOf = (close: number) =>
  `date,commodity,close\n2025-01-02,OIL,${close}\n2025-01-03,OIL,${close + 1}\n`;

async function importAs(rig: Rig, close: number): Promise<{ batches: string[]; closes: number[] }> {
  const folder = join(rig.stateFolder, 'oil');
  await mkdir(folder);
  writeFileSync(join(folder, 'prices_daily.csv'), pricesOf(close));
  const { exitCode, result, stderr } = await rig.begin('import', 'prices', folder).end;
  assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
  assert.equal(result.key, 'prices/oil');
  const batches = await rig.database.query<{ id: string }>('select batch_id as id from batches');
  const prices = await rig.database.query<{ close: number }>(
    'select close from prices where is_trading_day order by date',
  );
  return { batches: batches.rows.map(({ id }) => id), closes: prices.rows.map((row) => row.close) };
}

test('two that use the shared servers at once with the same keys see nothing of each other', async (t) => {
  const rigs = await Promise.all([startSharedRig(), startSharedRig()]);
  t.after(() => Promise.all(rigs.map((rig) => rig.takeDown())));
  const [one, two] = await Promise.all([importAs(rigs[0], 70), importAs(rigs[1], 90)]);
  assert.deepEqual(one.closes, [70, 71]);
  assert.deepEqual(two.closes, [90, 91]);
  assert.equal(one.batches.length, 1);
  assert.equal(two.batches.length, 1);
  assert.notEqual(one.batches[0], two.batches[0]);
  assert.deepEqual([rigs[0].orphans(), rigs[1].orphans()], [[], []]);
});
