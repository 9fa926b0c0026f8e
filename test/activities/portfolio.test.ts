import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyPhase } from '../../src/activities/phases.ts';
import { allocate, filterPools } from '../../src/kinds/daily/portfolio.ts';
import { readGas } from '../../src/kinds/daily/portfolio-day.ts';
import { openDatabase } from '../../src/database/pool.ts';
import { readUnit } from '../../src/ledger/units.ts';
import { dice } from '../support/allocation-problems.ts';
import { testDatabase } from '../support/postgres.ts';
import {
  decision,
  first,
  forecasts,
  pools,
  positions,
  rows,
  second,
  third,
  withPools,
} from '../support/portfolio-pools.ts';
import { begin, decideDay, fillMetrics, forecastDay, openDay, wholeDay } from '../support/portfolio.ts';

test('the first day opens with a million USDC, invests it within the limits and loses no cent', async (t) => {
  const deps = await withPools(t);
  await wholeDay(deps, first, forecasts);
  const decided = await decision(deps, first);
  assert.equal(decided.status, 'optimal', decided.why ?? '');
  assert.equal(decided.before, 999_800);
  assert.ok(Math.abs(decided.before - decided.after - decided.costs) < 0.000_01);
  assert.equal(decided.previous_date, null);
  assert.ok(decided.pools_held >= 5, 'min_pools is reached');
  const steps = await rows<{ operation: string }>(
    deps,
    'select operation from asset_allocations order by step_number',
  );
  assert.deepEqual([...new Set(steps.map(({ operation }) => operation))], ['CONVERSION', 'ALLOCATION']);
});

test('every pool that the pre-filter let pass gets its verdict, with all reasons', async (t) => {
  const deps = await withPools(t, [{ id: 'elsewhere', chain: 'Base' }, { id: 'unknown' }]);
  await deps.database.query(
    `insert into icebox_tokens (dataset, date, token_symbol, since, reason) values ('sample', $1, 'USDT', '2026-01-20', 'fell')`,
    [first],
  );
  const runId = await openDay(deps, first);
  await forecastDay(deps, first, [...forecasts, { id: 'b', apy: 0.4, tvl: 5_000 }]);
  await decideDay(deps, runId);
  const judged = await rows<{ pool_id: string; filter_reason: string | null; flag: boolean }>(
    deps,
    `select m.pool_id, filter_reason, currently_filtered_out as flag from pool_daily_metrics m
       join pools using (dataset, pool_id) where date = $1 order by pool_id`,
    [first],
  );
  assert.deepEqual(
    judged.filter(({ flag }) => flag).map(({ pool_id, filter_reason }) => [pool_id, filter_reason]),
    [
      ['b', 'forecasted TVL below limit: $5,000 of $100,000; forecasted APY below limit: 0.40 % of 1.00 %'],
      ['e', 'token in the icebox: USDT'],
      ['elsewhere', 'chain not Ethereum: Base'],
      ['pair', 'token in the icebox: USDT'],
      ['unknown', 'forecast missing: APY and TVL'],
    ],
  );
});

test('three days in a chain: the yield of each day, a deposit and a withdrawal are booked exactly once', async (t) => {
  const deps = await withPools(t);
  await deps.database.query(
    `insert into portfolio_transactions (dataset, line, date, token, amount, direction, change_seq)
     values ('sample', 1, '2026-01-28', 'USDC', 500, 'in', 1), ('sample', 2, $1, 'usdt', 1000.25, 'in', 1),
            ('sample', 3, $2, 'USDC', 2000, 'out', 1), ('sample', 4, $3, 'USDC', 7, 'in', 1)`,
    [first, second, third],
  );
  await wholeDay(deps, first, forecasts);
  await fillMetrics(deps, first, first);
  await wholeDay(deps, second, forecasts);
  await fillMetrics(deps, second, second);
  await wholeDay(deps, third, forecasts);

  const flows = await rows<{ date: string; token: string; flow: string }>(
    deps,
    `select date, token_symbol as token, sum(flow)::text as flow from daily_balances
      group by 1, 2 having sum(flow) <> 0 order by 1, 2`,
  );
  assert.deepEqual(
    flows.map(({ date, token, flow }) => [date, token, Number(flow)]),
    [
      [first, 'USDC', 1_000_500],
      [second, 'USDT', 1000.25],
      [third, 'USDC', -2000],
    ],
  );
  const [yieldOfADay] = await rows<{ accrued: number; due: number }>(
    deps,
    `select sum(accrued)::float8 as accrued, sum(carried * 5 / 100 / 365)::float8 as due
       from daily_balances where date = $1 and pool_id is not null`,
    [second],
  );
  assert.ok(yieldOfADay!.accrued > 100);
  assert.ok(Math.abs(yieldOfADay!.accrued - yieldOfADay!.due) < 1e-9);
  const third_ = await decision(deps, third);
  assert.equal(third_.previous_date, second);
  assert.ok(Math.abs(third_.before - third_.after - third_.costs) < 0.000_01);
});

test('a fortnight of changing forecasts, prices and gas: every check of every day holds, and the days join', async (t) => {
  const deps = await withPools(t);
  const roll = dice(11);
  await deps.database.query('update pool_history set apy = 3 + length(pool_id) + extract(day from date) / 7');
  await deps.database.query(
    `update token_prices_daily set close = close * (1 + (extract(day from date)::int % 5 - 2) * 0.0004)`,
  );
  let expected: number | undefined;
  for (let day = 15; day <= 28; day += 1) {
    const date = `2026-01-${day}`;
    await deps.database.query(
      `insert into gas_fees_daily (dataset, date, forecasted_avg_gas_gwei, change_seq) values ('sample', $1, $2, 0)
       on conflict (dataset, date) do update set forecasted_avg_gas_gwei = excluded.forecasted_avg_gas_gwei`,
      [date, 0.2 + 5 * roll()],
    );
    await wholeDay(
      deps,
      date,
      pools.map(({ id }) => ({
        id,
        apy: roll() < 0.1 ? null : 12 * roll(),
        tvl: 2e6 + 2e7 * roll(),
        group: 1 + Math.floor(4 * roll()),
      })),
    );
    const decided = await decision(deps, date);
    assert.equal(decided.status, 'optimal', `${date}: ${decided.why}`);
    const [opened] = await rows<{ carried: number }>(
      deps,
      'select sum(carried * price_usd)::float8 as carried from daily_balances where date = $1',
      [date],
    );
    if (expected !== undefined) assert.ok(Math.abs(opened!.carried / expected - 1) < 0.002, date);
    expected = decided.after;
  }
});

test('a day that is skipped earns its yield all the same', async (t) => {
  const deps = await withPools(t);
  await wholeDay(deps, first, forecasts);
  await fillMetrics(deps, first, second);
  await wholeDay(deps, third, forecasts);
  const [earned] = await rows<{ ratio: number }>(
    deps,
    `select (sum(accrued) / sum(carried))::float8 as ratio from daily_balances where date = $1 and pool_id is not null`,
    [third],
  );
  assert.ok(Math.abs(earned!.ratio - ((1 + 5 / 36_500) ** 2 - 1)) < 1e-12);
});

test('money that is not there cannot go out: one line says which, and nothing is written', async (t) => {
  const deps = await withPools(t);
  await deps.database.query(
    `insert into portfolio_transactions (dataset, line, date, token, amount, direction, change_seq)
     values ('sample', 3, '2026-01-28', 'GHO', 12.5, 'out', 1)`,
  );
  const runId = await openDay(deps, first);
  await forecastDay(deps, first, forecasts);
  await assert.rejects(filterPools(deps, { fence: await begin(deps, runId, 'filter') }), {
    type: 'InvalidInput',
    message: /transactions\.csv line 3: 12\.5 GHO go out on 2026-01-28, but the portfolio holds 0 GHO/,
  });
  assert.deepEqual(await rows(deps, 'select 1 from daily_balances'), []);
});

test('a withdrawal while the money is in pools comes out of the largest position', async (t) => {
  const deps = await withPools(t);
  await wholeDay(deps, first, forecasts);
  await fillMetrics(deps, first, first);
  await deps.database.query(
    `insert into portfolio_transactions (dataset, line, date, token, amount, direction, change_seq)
     values ('sample', 1, $1, 'USDC', 300000, 'out', 1)`,
    [first],
  );
  await wholeDay(deps, second, forecasts);
  const [total] = await rows<{ flow: string; touched: number }>(
    deps,
    `select sum(flow)::text as flow, count(*) filter (where flow < 0)::int as touched from daily_balances where date = $1`,
    [second],
  );
  assert.equal(Number(total!.flow), -300_000);
  assert.ok(total!.touched >= 2);
});

test('twice gives the same rows', async (t) => {
  const deps = await withPools(t);
  const runId = await wholeDay(deps, first, forecasts);
  const all = async () => [
    await positions(deps, first),
    await rows(
      deps,
      'select step_number, operation, from_asset, to_asset, amount, gas_paid from asset_allocations order by 1',
    ),
    await rows(deps, 'select * from daily_balances order by date, pool_id nulls first, token_symbol'),
  ];
  const once = await all();
  await decideDay(deps, runId);
  assert.deepEqual(await all(), once);
});

test('a newer attempt took over: the older one writes neither balances nor positions', async (t) => {
  const deps = await withPools(t);
  const runId = await openDay(deps, first);
  await forecastDay(deps, first, forecasts);
  const zombie = await begin(deps, runId, 'filter');
  await begin(deps, runId, 'filter', true);
  await assert.rejects(filterPools(deps, { fence: zombie }), { type: 'Fenced' });
  assert.deepEqual(await rows(deps, 'select 1 from daily_balances'), []);

  await filterPools(deps, { fence: await begin(deps, runId, 'filter', true) });
  const late = await begin(deps, runId, 'allocate');
  await begin(deps, runId, 'allocate', true);
  await assert.rejects(allocate(deps, { fence: late }), { type: 'Fenced' });
  for (const table of ['allocations', 'allocation_positions', 'asset_allocations']) {
    assert.deepEqual(await rows(deps, `select 1 from ${table}`), [], table);
  }
});

test('an earlier day with another result marks the later ones stale, with the same result it does not', async (t) => {
  const deps = await withPools(t);
  const runId = await wholeDay(deps, first, forecasts);
  await fillMetrics(deps, first, first);
  await wholeDay(deps, second, forecasts);
  await decideDay(deps, runId);
  assert.equal((await decision(deps, second)).stale, false);
  await forecastDay(deps, first, [{ id: 'a', apy: 40 }]);
  await decideDay(deps, runId);
  assert.deepEqual(
    [(await decision(deps, first)).stale, (await decision(deps, second)).stale],
    [false, true],
  );
});

test('a held pool whose forecast is late is kept for three days and never increased, then left', async (t) => {
  const deps = await withPools(t);
  const only = [{ id: 'a', apy: 5 }];
  await wholeDay(deps, '2026-01-24', only);
  const held = async (date: string) =>
    (await positions(deps, date))
      .filter(({ pool_id }) => pool_id === 'a')
      .map(({ amount }) => Number(amount));
  const [opened] = await held('2026-01-24');
  for (const date of ['2026-01-25', '2026-01-26', '2026-01-27']) {
    await wholeDay(deps, date, [{ id: 'b', apy: 0.1 }]);
    const [kept] = await held(date);
    assert.ok(kept !== undefined && kept <= opened! * 1.001, date);
  }
  await wholeDay(deps, '2026-01-28', [{ id: 'b', apy: 0.1 }]);
  assert.deepEqual(await held('2026-01-28'), []);
});

test('a token without a price counts 1.0, with a warning', async (t) => {
  const deps = await withPools(t);
  await deps.database.query(`delete from token_prices_daily where symbol = 'USDC'`);
  const runId = await wholeDay(deps, first, forecasts);
  assert.equal((await decision(deps, first)).before, 1_000_000);
  const warned = await rows<{ unit: string; observed: string }>(
    deps,
    `select unit, observed from checks where run_id = $1 and name = 'prices' and not passed order by unit`,
    [runId],
  );
  assert.deepEqual(warned, [
    { unit: 'allocate', observed: 'USDC: no price: counts 1.0' },
    { unit: 'filter', observed: 'USDC' },
  ]);
});

test('a cent that disappears is found', async (t) => {
  const deps = await withPools(t);
  const runId = await wholeDay(deps, first, forecasts);
  await deps.database.query(
    `update allocation_positions set amount = amount - 0.02 where pool_id = 'b' and date = $1`,
    [first],
  );
  const { reason } = await verifyPhase(deps, { runId, phase: 'allocate' });
  assert.match(reason, /value: found/);
  assert.match(reason, /tokens: found 1, expected 0/);
});

test('the unit tells what was decided', async (t) => {
  const deps = await withPools(t);
  const runId = await wholeDay(deps, first, forecasts);
  const { detail } = await readUnit(deps.database, runId, 'allocate');
  assert.equal(detail['status'], 'optimal');
  assert.equal(detail['gap'], 0);
  assert.equal(detail['valueBeforeUsd'], 999_800);
});

test('gas and ether of more than seven days ago are unknown, and that is said with their day', async (t) => {
  const database = openDatabase(await testDatabase(t), 'test', 2);
  t.after(() => database.end());
  await database.query(
    `insert into gas_fees_daily (dataset, date, actual_avg_gas_gwei, change_seq) values ('sample', '2026-01-10', 1.5, 1)`,
  );
  await database.query(
    `insert into token_prices_daily (dataset, symbol, date, close, change_seq) values ('sample', 'eth', '2026-01-11', 2500, 1)`,
  );
  assert.deepEqual(await readGas(database, 'sample', '2026-01-18'), {
    baseFeeGwei: 1.5,
    ethUsd: 2500,
    warning: null,
  });
  assert.deepEqual(await readGas(database, 'sample', '2026-01-19'), {
    baseFeeGwei: 30,
    ethUsd: 2500,
    warning: 'gas price unknown (newest 2026-01-10): counts 30 gwei',
  });
  assert.deepEqual(await readGas(database, 'sample', '2026-01-20'), {
    baseFeeGwei: 30,
    ethUsd: 3000,
    warning:
      'gas price unknown (newest 2026-01-10): counts 30 gwei, price of ether unknown (newest 2026-01-11): counts $3000',
  });
  assert.equal(
    (await readGas(database, 'files/empty', '2026-01-20')).warning,
    'gas price unknown: counts 30 gwei, price of ether unknown: counts $3000',
  );
});
