import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginPhase, verifyPhase } from '../../src/activities/phases.ts';
import {
  decision,
  first,
  forecasts,
  positions,
  rows,
  second,
  third,
  warned,
  withPools,
} from '../support/portfolio-pools.ts';
import { decideDay, fillMetrics, forecastDay, openDay, wholeDay } from '../support/portfolio.ts';

test('what leaving would cost more than it brings stays, is named, and the day is whole', async (t) => {
  const deps = await withPools(t);
  await wholeDay(deps, first, forecasts);
  await fillMetrics(deps, first, first);
  // Half a dollar in one pool, which is to be left: the gas of that is more.
  await deps.database.query(`delete from allocation_positions`);
  await deps.database.query(
    `insert into allocation_positions (dataset, portfolio, date, pool_id, token_symbol, amount, price_usd)
     values ('sample', 'paper', $1, 'a', 'USDC', 0.5, 1)`,
    [first],
  );
  const runId = await wholeDay(deps, second, [...forecasts.slice(1), { id: 'a', apy: 5, tvl: 10 }]);
  const decided = await decision(deps, second);
  assert.equal(decided.status, 'optimal');
  assert.equal(decided.before, decided.after);
  const [kept] = await positions(deps, second);
  assert.deepEqual([kept!.pool_id, kept!.token_symbol], ['a', 'USDC']);
  assert.match(await warned(deps, runId, 'everything leaves that should'), /^a \(\$0\.50\)$/);
  const begun = await beginPhase(deps, { runId, phase: 'allocate', force: false, again: false });
  assert.deepEqual(begun, { reused: true }, 'the day is done');
});

test('no more is taken out of a pool than it last held; what stays is tried again on the next day', async (t) => {
  const deps = await withPools(t);
  await wholeDay(deps, first, forecasts);
  await fillMetrics(deps, first, second);
  const held = async (date: string) =>
    (await positions(deps, date))
      .filter(({ pool_id }) => pool_id === 'e')
      .map(({ amount }) => Number(amount))[0]!;
  const opened = await held(first);
  assert.ok(opened > 100_000);
  await deps.database.query(`update pool_history set tvl = 15087 where pool_id = 'e' and date >= $1`, [
    first,
  ]);
  const run = [...forecasts.slice(0, 4), { id: 'e', apy: 9, tvl: 15_087, group: 2 }];
  const runId = await wholeDay(deps, second, run);
  const left = await held(second);
  assert.ok(Math.abs(opened - left - 15_087) < opened * 0.001, `${opened - left} were taken out`);
  assert.match(await warned(deps, runId, 'everything leaves that should'), /^e \(\$/);
  // Nobody looked again since: what was taken out yesterday is not there a second time.
  await deps.database.query(`delete from pool_history where pool_id = 'e' and date >= $1`, [second]);
  await wholeDay(deps, third, run);
  assert.ok((await held(third)) > left * 0.999);
});

test('a withdrawal of more than a pool held is found', async (t) => {
  const deps = await withPools(t);
  await wholeDay(deps, first, forecasts);
  await fillMetrics(deps, first, first);
  const runId = await wholeDay(deps, second, [
    ...forecasts.slice(0, 4),
    { id: 'e', apy: 9, tvl: 10, group: 2 },
  ]);
  await deps.database.query(`update pool_history set tvl = 500 where pool_id = 'e'`);
  assert.match(
    (await verifyPhase(deps, { runId, phase: 'allocate' })).reason,
    /nothing is taken that is not there: found e/,
  );
});

test('a token that fell out of its peg is kept, in the wallet and in pools, and the day says how much that is', async (t) => {
  const deps = await withPools(t);
  await deps.database.query(
    `insert into portfolio_transactions (dataset, line, date, token, amount, direction, change_seq)
     values ('sample', 1, $1, 'USDC', 150000, 'in', 1)`,
    [first],
  );
  await wholeDay(deps, first, forecasts);
  await fillMetrics(deps, first, first);
  await deps.database.query(
    `update token_prices_daily set close = 0.9715 where symbol = 'USDC' and date >= $1`,
    [first],
  );
  const runId = await openDay(deps, second);
  await deps.database.query(
    `insert into icebox_tokens (dataset, date, token_symbol, since, reason) values ('sample', $1, 'USDC', $2, 'fell')`,
    [second, first],
  );
  await forecastDay(deps, second, forecasts);
  await decideDay(deps, runId);
  const sold = await rows(
    deps,
    `select 1 from asset_allocations where run_id = $1 and operation = 'CONVERSION' and from_asset = 'USDC'`,
    [runId],
  );
  assert.deepEqual(sold, []);
  assert.match(await warned(deps, runId, 'icebox exposure'), /^\$\d+ of \$\d+$/);
});

test('a token that nobody prices stays untouched, pays no gas and counts nothing', async (t) => {
  const deps = await withPools(t);
  await deps.database.query(
    `insert into portfolio_transactions (dataset, line, date, token, amount, direction, change_seq)
     values ('sample', 1, '2026-01-28', 'WETH', 10, 'in', 1)`,
  );
  const runId = await wholeDay(deps, first, forecasts);
  assert.equal((await decision(deps, first)).before, 999_800);
  const weth = (await positions(deps, first)).filter(({ token_symbol }) => token_symbol === 'WETH');
  assert.deepEqual(
    weth.map(({ pool_id, amount }) => [pool_id, Number(amount)]),
    [[null, 10]],
  );
  assert.deepEqual(
    await rows(deps, `select 1 from asset_allocations where gas_paid ? 'WETH' or from_asset = 'WETH'`),
    [],
  );
  assert.match(await warned(deps, runId, 'prices'), /WETH/);
  await fillMetrics(deps, first, first);
  await wholeDay(deps, second, forecasts);
  assert.equal(
    (await positions(deps, second)).find(({ token_symbol }) => token_symbol === 'WETH')?.amount,
    weth[0]!.amount,
  );
});

test('the first allocation held and a weekly choice go through the same books beside the portfolio', async (t) => {
  const deps = await withPools(t);
  const compared = (date: string) =>
    rows<{ rule: string; gain: number; cost: number; decided_on: string }>(
      deps,
      `select rule, (value_usd / start_usd - 1)::float8 as gain, cost_usd::float8 as cost, decided_on
         from portfolio_comparisons where date = $1 order by rule`,
      [date],
    );
  const start = '2026-01-21';
  await wholeDay(deps, start, forecasts);
  assert.deepEqual(
    (await compared(start)).map(({ rule, gain, cost }) => [rule, gain, cost]),
    [
      ['held', 0, 0],
      ['weekly', 0, 0],
    ],
  );
  // Nothing but the yield of the days: the prices stand still, and both rest for a week.
  await wholeDay(deps, '2026-01-27', forecasts);
  const rested = await compared('2026-01-27');
  const own = await decision(deps, start);
  const [held] = await rows<{ share: number }>(
    deps,
    `select (sum(amount * price_usd) filter (where pool_id is not null) / $2::numeric)::float8 as share
       from allocation_positions where date = $1`,
    [start, own.after],
  );
  for (const { gain, cost, decided_on } of rested) {
    assert.ok(Math.abs(gain - held!.share * ((1 + 5 / 36_500) ** 6 - 1)) < 1e-7, `${gain}`);
    assert.deepEqual([cost, decided_on], [0, start]);
  }
  // What another pool paid yesterday draws the weekly rule there, and nobody else.
  await deps.database.query(
    `update pool_daily_metrics set actual_apy = 15 where pool_id = 'b' and date = '2026-01-27'`,
  );
  await wholeDay(deps, '2026-01-28', forecasts);
  const [still, moved] = await compared('2026-01-28');
  assert.deepEqual([still!.cost, still!.decided_on], [0, start]);
  assert.equal(moved!.decided_on, '2026-01-28');
  await decideDay(
    deps,
    (await rows<{ id: string }>(deps, `select run_id as id from runs where date = '2026-01-28'`))[0]!.id,
  );
  assert.deepEqual(await compared('2026-01-28'), [still, moved], 'a day that is redone compares the same');
});

test("an absurd APY is booked as the pool's usual one, and draws no money the day after", async (t) => {
  const deps = await withPools(t);
  await wholeDay(deps, first, forecasts);
  await deps.database.query(`update pool_history set apy = 1000000 where pool_id = 'e' and date = $1`, [
    first,
  ]);
  await fillMetrics(deps, first, first);
  const runId = await wholeDay(deps, second, [...forecasts.slice(0, 4), { id: 'e', apy: 1e6, group: 2 }]);
  const [earned] = await rows<{ ratio: number }>(
    deps,
    `select (sum(accrued) / sum(carried))::float8 as ratio from daily_balances where date = $1 and pool_id = 'e'`,
    [second],
  );
  assert.ok(Math.abs(earned!.ratio - 5 / 36_500) < 1e-9, `${earned!.ratio}`);
  assert.match(
    await warned(deps, runId, 'warnings'),
    /e was booked 5 % a year on 2026-01-29, its usual APY: 1,000,000/,
  );
  const [judged] = await rows<{ filter_reason: string }>(
    deps,
    `select filter_reason from pool_daily_metrics where pool_id = 'e' and date = $1`,
    [second],
  );
  assert.match(
    judged!.filter_reason,
    /forecasted APY implausible: 1,000,000\.00 % is beyond the limit of 100\.00 %/,
  );
});
