/** What is decided: which money moves, which stays, and what it costs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocate, stuckIn } from '../../../src/pools/allocation/allocate.ts';
import type { Allocation } from '../../../src/pools/allocation/allocate.ts';
import type { AllocationProblem } from '../../../src/pools/allocation/problem.ts';
import type { Solve } from '../../../src/pools/allocation/solver.ts';
import { dollarsOf, valueOf } from '../../../src/pools/portfolio/amounts.ts';
import { assertConserved, decide, heldIn, operations, usdc } from '../../support/allocation-decisions.ts';
import { emptyProblem, pool } from '../../support/allocation-problems.ts';

test('nothing at all to decide on is decided', async () => {
  const allocation = await decide({ ...emptyProblem(), tokens: [usdc('0')] });
  assert.equal(allocation.status, 'optimal');
  assert.deepEqual(allocation.plan.positions, []);
});

test('fewer candidates than min_pools is a poorer day, not a day without result', async () => {
  const problem = { ...emptyProblem(), tokens: [usdc('1000000')], pools: [pool({ poolId: 'a' })] };
  const allocation = await decide(problem);
  assert.equal(allocation.status, 'optimal');
  assert.ok(Math.abs(heldIn(allocation, 'a') - 250_000) < 0.01, 'the most that one pool may hold');
});

test('min_pools opens positions that are worth something, not grains', async () => {
  const problem: AllocationProblem = {
    ...emptyProblem(),
    tokens: [usdc('1000000')],
    pools: Array.from({ length: 8 }, (_, i) =>
      pool({ poolId: `p${i}`, apy: 12 - i, group: ([1, 2, 3] as const)[i % 3]! }),
    ),
  };
  const allocation = await decide({ ...problem, limits: { ...problem.limits, minPools: 7 } });
  const held = problem.pools.map(({ poolId }) => heldIn(allocation, poolId)).filter((usd) => usd > 0);
  assert.equal(held.length, 7);
  assert.ok(Math.min(...held) > 9_999.98);
});

test('a portfolio that its own gas would eat stays where it is', async () => {
  const problem = { ...emptyProblem(), tokens: [usdc('20')], pools: [pool({ poolId: 'a', apy: 60 })] };
  const allocation = await decide(problem);
  assert.equal(allocation.status, 'optimal');
  assert.deepEqual(operations(allocation), []);
  assert.equal(heldIn(allocation, null), 20);
});

test('a problem without a solution keeps everything, and the line says what had to move', async () => {
  const problem = {
    ...emptyProblem(),
    tokens: [usdc('0.2')],
    pools: [pool({ poolId: 'gone', tvl: 5_000, held: [{ token: 'USDC', amount: '10' }] })],
  };
  const refusing: Solve = () => Promise.resolve({ outcome: 'infeasible', seconds: 0 });
  const allocation = await allocate(problem, { timeLimitSeconds: 1, solve: refusing });
  assert.equal(allocation.status, 'infeasible');
  assert.match(
    allocation.why!,
    /must come down: gone from \$10\.00 to nothing \(its forecasted TVL is \$5,000\.00, pool_tvl_limit \$100,000\.00\); a withdrawal costs \$1\.50 of gas, the whole portfolio is worth \$10\.20/,
  );
  assert.deepEqual(operations(allocation), ['HOLD']);
});

test('leaving must bring more than its gas: a dollar stays where two would be paid to move it', async () => {
  const left = (amount: string) => ({
    ...emptyProblem(),
    tokens: [usdc('100')],
    pools: [pool({ poolId: 'gone', tvl: 5_000, held: [{ token: 'USDC', amount }] })],
  });
  const small = await decide(left('1'));
  assert.deepEqual([small.status, ...operations(small)], ['optimal', 'HOLD']);
  assert.deepEqual(operations(await decide(left('20'))), ['WITHDRAWAL']);
});

test('no more is taken out of a pool than it holds; the rest stays and is named', async () => {
  const problem = {
    ...emptyProblem(),
    tokens: [usdc('900000')],
    pools: [
      pool({ poolId: 'run', tvl: 15_087, holdsUsd: 15_087, held: [{ token: 'USDC', amount: '86263' }] }),
      pool({ poolId: 'empty', tvl: 0, holdsUsd: 0, held: [{ token: 'USDC', amount: '500' }] }),
    ],
  };
  const allocation = await decide(problem);
  assert.equal(allocation.status, 'optimal');
  const taken = allocation.plan.steps.filter(({ operation }) => operation === 'WITHDRAWAL');
  assert.deepEqual(
    taken.map(({ poolId, value }) => [poolId, Math.round(dollarsOf(value))]),
    [['run', 15_087]],
  );
  assert.deepEqual(
    stuckIn(problem, allocation).map(({ poolId, usd, holdsUsd }) => [poolId, Math.round(usd), holdsUsd]),
    [
      ['run', 71_176, 15_087],
      ['empty', 500, 0],
    ],
  );
  assertConserved(problem, allocation);
});

test('a better pool draws no more out of another than that one holds', async () => {
  const problem = {
    ...emptyProblem(),
    tokens: [usdc('0')],
    pools: [
      pool({ poolId: 'thin', apy: 2, holdsUsd: 3_000, held: [{ token: 'USDC', amount: '200000' }] }),
      pool({ poolId: 'better', apy: 20, group: 2 }),
    ],
  };
  const allocation = await decide(problem);
  assert.ok(heldIn(allocation, 'thin') >= 197_000 - 0.01, `${heldIn(allocation, 'thin')}`);
  assert.ok(heldIn(allocation, 'better') <= 3_000);
});

test('a token in the icebox is neither sold nor bought, in the wallet or out of a pool', async () => {
  const problem = (frozen: boolean) => ({
    ...emptyProblem(),
    tokens: [
      { ...usdc('151796', '0.9715'), frozen },
      { symbol: 'USDT', price: '1', idle: '300000' },
    ],
    pools: [
      pool({ poolId: 'boxed', apy: 3, mayGrow: false, held: [{ token: 'USDC', amount: '100000' }] }),
      pool({ poolId: 'best', apy: 15, accepts: ['USDT'] }),
      pool({ poolId: 'other', apy: 14, accepts: ['USDT'], group: 2 }),
      pool({ poolId: 'third', apy: 13, accepts: ['USDT'], group: 3 }),
    ],
  });
  const conversions = ({ plan }: Allocation) =>
    plan.steps.filter(({ operation }) => operation === 'CONVERSION').map(({ fromAsset }) => fromAsset);
  const kept = await decide(problem(true));
  assert.deepEqual(conversions(kept), []);
  assert.ok(heldIn(kept, 'best') > 50_000, 'what is not in the icebox is invested');
  assertConserved(problem(true), kept);
  assert.ok(
    conversions(await decide(problem(false))).includes('USDC'),
    'without the icebox it would be sold',
  );
});

test('a position above a cap is not paid into, and not sold for it', async () => {
  const held = (amount: string, apy: number) => ({
    ...emptyProblem(),
    tokens: [usdc('700000')],
    pools: [pool({ poolId: 'a', apy, held: [{ token: 'USDC', amount }] })],
  });
  assert.deepEqual(operations(await decide(held('300000', 30))), ['HOLD']);
  const below = await decide(held('100000', 30));
  assert.ok(Math.abs(heldIn(below, 'a') - 200_000) < 0.01, 'up to a quarter of what is there');
});

test('a pool that became calmer and fills its group beyond the cap is not sold, and the group does not grow', async () => {
  const problem = {
    ...emptyProblem(),
    tokens: [usdc('350000')],
    pools: [
      ...['a', 'b'].map((poolId) => pool({ poolId, held: [{ token: 'USDC', amount: '225000' }] })),
      pool({ poolId: 'calmer', held: [{ token: 'USDC', amount: '200000' }] }),
      pool({ poolId: 'new' }),
    ],
  };
  const allocation = await decide(problem);
  assert.deepEqual(operations(allocation), ['HOLD', 'HOLD', 'HOLD']);
});

test('idle money opens pools up to min_pools, and money that earns is not taken out for it', async () => {
  const earning: AllocationProblem = {
    ...emptyProblem(),
    limits: { ...emptyProblem().limits, groupMaxPct: [1, 1, 1] },
    tokens: [usdc('0')],
    pools: [
      ...['a', 'b'].map((poolId) => pool({ poolId, apy: 9, held: [{ token: 'USDC', amount: '240000' }] })),
      ...['c', 'd', 'e'].map((poolId) => pool({ poolId, apy: 2 })),
    ],
  };
  assert.deepEqual(operations(await decide(earning)), ['HOLD', 'HOLD']);
  const idle = await decide({ ...earning, tokens: [usdc('30000')] });
  assert.deepEqual(operations(idle).sort(), ['ALLOCATION', 'ALLOCATION', 'ALLOCATION', 'HOLD', 'HOLD']);
});

test('pools of unknown group count with the volatile ones', async () => {
  const problem = {
    ...emptyProblem(),
    tokens: [usdc('1000000')],
    pools: [3, 4, null].map((group, i) => pool({ poolId: `p${i}`, group: group as 3 | 4 | null })),
  };
  const allocation = await decide(problem);
  const invested = problem.pools.reduce((sum, { poolId }) => sum + heldIn(allocation, poolId), 0);
  assert.ok(Math.abs(invested - 300_000) < 0.02, `${invested}`);
});

test('what is held and does not pass today is kept or reduced, never increased', async () => {
  const problem = {
    ...emptyProblem(),
    tokens: [usdc('900000')],
    pools: [pool({ poolId: 'late', apy: 30, mayGrow: false, held: [{ token: 'USDC', amount: '100000' }] })],
  };
  const allocation = await decide(problem);
  assert.deepEqual(operations(allocation), ['HOLD']);
});

test('two tokens go in with equal value, and come out as the share of each that lies there', async () => {
  const tokens = [usdc('400000'), { symbol: 'USDT', price: '1.01', idle: '400000' }];
  const pair = pool({ poolId: 'pair', accepts: ['USDC', 'USDT'], apy: 9 });
  const into = await decide({ ...emptyProblem(), tokens, pools: [pair] });
  const [one, other] = into.plan.steps.map(({ value }) => dollarsOf(value));
  assert.ok(one! > 90_000 && Math.abs(one! - other!) < 1e-6, `${one} ${other}`);
  const drifted = {
    ...pair,
    tvl: 50_000,
    holdsUsd: 100_000,
    held: [
      { token: 'USDC', amount: '80000' },
      { token: 'USDT', amount: '120000' },
    ],
  };
  const out = await decide({ ...emptyProblem(), tokens, pools: [drifted] });
  const kept = out.plan.steps
    .filter(({ operation }) => operation === 'HOLD')
    .map(({ amount }) => Number(amount));
  assert.ok(Math.abs(kept[0]! / kept[1]! - 80 / 120) < 1e-9);
  assert.ok(
    Math.abs(heldIn(out, 'pair') - (80_000 + 120_000 * 1.01 - 100_000)) < 0.01,
    'what it does not hold',
  );
});

test('holding a pair whose prices drift costs nothing', async () => {
  const problem = {
    ...emptyProblem(),
    limits: { ...emptyProblem().limits, minPools: 1 },
    tokens: [usdc('0'), { symbol: 'USDT', price: '1.002', idle: '0' }],
    pools: [
      pool({
        poolId: 'pair',
        accepts: ['USDC', 'USDT'],
        held: [
          { token: 'USDC', amount: '100' },
          { token: 'USDT', amount: '100' },
        ],
      }),
    ],
  };
  const allocation = await decide({
    ...problem,
    limits: { ...problem.limits, maxPositionPct: 1, groupMaxPct: [1, 1, 1] },
  });
  assert.deepEqual(operations(allocation), ['HOLD', 'HOLD']);
});

test('a dear token and a cheap one are exchanged by value, and the fee is taken from what arrives', async () => {
  const problem = {
    ...emptyProblem(),
    tokens: [usdc('0'), { symbol: 'sDAI', price: '1.25', idle: '800000' }],
    pools: [pool({ poolId: 'a', apy: 12 })],
  };
  const allocation = await decide(problem);
  const conversion = allocation.plan.steps.find(({ operation }) => operation === 'CONVERSION')!;
  const [given, received, fee] = [
    dollarsOf(conversion.value),
    dollarsOf(valueOf(conversion.received, 100_000_000n)),
    dollarsOf(conversion.conversionFee),
  ];
  assert.ok(Math.abs(given * 0.9996 - received) < 1e-9 && Math.abs(given * 0.0004 - fee) < 1e-9);
});
