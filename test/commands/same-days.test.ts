import assert from 'node:assert/strict';
import { appendFileSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makePanel } from '../support/panel.ts';
import { startSharedRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const day = '2026-03-31';

/** Every table that a day writes, with what is the same in no two runs. */
const tables: Record<string, string[]> = {
  pool_history: ['change_seq'],
  token_prices_daily: ['change_seq'],
  gas_fees_daily: ['change_seq'],
  macroeconomic_data: ['change_seq'],
  portfolio_transactions: ['change_seq'],
  pool_daily_metrics: [],
  icebox_tokens: [],
  pool_forecasts: [],
  pool_forecast_quantiles: [],
  pool_forecast_models: [],
  daily_balances: [],
  portfolio_comparisons: [],
  allocations: ['run_id', 'decided_at', 'solve_ms', 'solve_seconds'],
  allocation_positions: [],
};

let rig: Rig;
before(async () => {
  rig = await startSharedRig();
});
after(() => rig?.takeDown());

async function complete(folder: string): Promise<void> {
  const { exitCode, result, stderr } = await rig.run(day, '--dataset', 'files', '--path', folder).end;
  assert.deepEqual([exitCode, result.status], [0, 'complete'], stderr + JSON.stringify(result));
}

/** Only what differs, so that a failure can be read. */
function difference(found: unknown[], expected: unknown[]): { more: string[]; less: string[] } {
  const [ours, theirs] = [found, expected].map((rows) => rows.map((row) => JSON.stringify(row)));
  const without = (some: string[], others: string[]) => some.filter((row) => !others.includes(row));
  return { more: without(ours!, theirs!), less: without(theirs!, ours!) };
}

async function rowsOf(dataset: string): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const [table, besides] of Object.entries(tables)) {
    const { rows } = await rig.database.query<{ row: unknown }>(
      `select to_jsonb(t) - $2::text[] as row from ${table} t where dataset = $1 order by 1`,
      [dataset, ['dataset', ...besides]],
    );
    found[table] = rows.map(({ row }) => row);
  }
  return found;
}

test('equal folders give equal days, also where one was corrected by removing rows', async () => {
  const [right, corrected] = [join(rig.stateFolder, 'right'), join(rig.stateFolder, 'corrected')];
  const deposits = 'date,token,amount,direction\n2026-03-25,USDC,250000,in\n';
  makePanel(right, { pools: 9, days: 9, lastDay: '2026-03-30' });
  writeFileSync(join(right, 'transactions.csv'), deposits);
  await complete(right);

  // A pool, a day of gas, a candle and a withdrawal of half the money too many.
  makePanel(corrected, { pools: 10, days: 9, lastDay: '2026-03-30' });
  appendFileSync(join(corrected, 'gas_daily.csv'), '2026-03-20,900\n');
  appendFileSync(join(corrected, 'prices_daily.csv'), 'ETH,2026-03-20,9,9,9,9,1000\n');
  writeFileSync(join(corrected, 'transactions.csv'), `${deposits}2026-03-26,USDC,500000,out\n`);
  await complete(corrected);
  const [expected, wrong] = [await rowsOf('files/right'), await rowsOf('files/corrected')];
  for (const table of [
    'pool_history',
    'gas_fees_daily',
    'pool_daily_metrics',
    'daily_balances',
    'allocations',
  ])
    assert.notDeepEqual(wrong[table], expected[table], table);

  cpSync(right, corrected, { recursive: true });
  await complete(corrected);
  const found = await rowsOf('files/corrected');
  for (const table of Object.keys(tables)) {
    assert.deepEqual(difference(found[table]!, expected[table]!), { more: [], less: [] }, table);
    if (table !== 'icebox_tokens') assert.notEqual(found[table]!.length, 0, table);
  }
});
