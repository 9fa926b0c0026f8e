import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allocate, stuckIn } from '../../../src/pools/allocation/allocate.ts';
import type { Allocation } from '../../../src/pools/allocation/allocate.ts';
import { boundsOf, groupIndex } from '../../../src/pools/allocation/problem.ts';
import type { AllocationProblem } from '../../../src/pools/allocation/problem.ts';
import { solveMilp } from '../../../src/pools/allocation/solve-milp.mjs';
import { SolverCrashed } from '../../../src/pools/allocation/solver.ts';
import type { Solve } from '../../../src/pools/allocation/solver.ts';
import { dollarsOf, parseAmount, valueOf } from '../../../src/pools/portfolio/amounts.ts';
import { dice, emptyProblem, pool, problemOf } from '../../support/allocation-problems.ts';

/** In this thread, without its start: what is tested here is what is decided. */
const here: Solve = async (request) => ({ ...(await solveMilp(request)), seconds: 0 });

const decide = (problem: AllocationProblem, timeLimitSeconds = 60) =>
  allocate(problem, { timeLimitSeconds, solve: here });

const usdc = (idle: string, price = '1') => ({ symbol: 'USDC', price, idle });

function heldIn({ plan }: Allocation, poolId: string | null): number {
  return plan.positions
    .filter((position) => position.poolId === poolId)
    .reduce((sum, { amount, price }) => sum + dollarsOf(valueOf(amount, price)), 0);
}

const operations = ({ plan }: Allocation) => plan.steps.map(({ operation }) => operation);

/** Follows the transactions token by token and holds the end against the positions, to the last digit. */
function assertConserved(problem: AllocationProblem, { plan }: Allocation): void {
  const balances = new Map<string, bigint>();
  const add = (poolId: string | null, token: string, amount: bigint) => {
    const key = JSON.stringify([poolId, token]);
    balances.set(key, (balances.get(key) ?? 0n) + amount);
  };
  for (const { symbol, idle } of problem.tokens) add(null, symbol, parseAmount(idle));
  for (const { poolId, held } of problem.pools)
    for (const { token, amount } of held) add(poolId, token, parseAmount(amount));
  for (const step of plan.steps) {
    for (const [token, amount] of step.gasPaid) add(null, token, -amount);
    if (step.operation === 'HOLD') continue;
    add(step.operation === 'WITHDRAWAL' ? step.poolId : null, step.fromAsset, -step.amount);
    add(step.operation === 'ALLOCATION' ? step.poolId : null, step.toAsset, step.received);
  }
  for (const { poolId, token, amount } of plan.positions) {
    assert.ok(amount > 0n, `${poolId} ${token}`);
    add(poolId, token, -amount);
  }
  for (const [place, rest] of balances) assert.equal(rest, 0n, place);
  const lost = dollarsOf(plan.before - plan.after - plan.gas - plan.conversionFees);
  assert.ok(Math.abs(lost) < 1e-6, `${lost} dollars are lost`);
}

function assertWithinLimits(problem: AllocationProblem, allocation: Allocation): void {
  const bounds = boundsOf(problem);
  const groups = [0, 0, 0];
  for (const { pool, capUsd, floorUsd, valueUsd } of bounds.pools) {
    const usd = heldIn(allocation, pool.poolId);
    groups[groupIndex(pool.group)]! += usd;
    assert.ok(usd <= capUsd + 0.011, `${pool.poolId} holds ${usd} of at most ${capUsd}`);
    assert.ok(usd === 0 || usd >= floorUsd - 0.011, `${pool.poolId} holds ${usd}, at least ${floorUsd}`);
    if (!pool.mayGrow) assert.ok(usd <= valueUsd + 0.001, `${pool.poolId} grew`);
  }
  for (const [group, usd] of groups.entries()) {
    assert.ok(usd <= bounds.groupCapsUsd[group]! + 0.02, `group ${group + 1} holds ${usd}`);
  }
}

const agreed = JSON.parse(
  readFileSync(new URL('../../../spark/tests/allocation/problems.json', import.meta.url), 'utf8'),
) as { name: string; problem: AllocationProblem; objectiveUsd: number | null }[];

for (const { name, problem, objectiveUsd } of agreed) {
  test(`the optimum is that of the second solver and its own model: ${name}`, async () => {
    const allocation = await decide(problem);
    if (objectiveUsd === null) {
      assert.equal(allocation.status, 'infeasible');
    } else {
      assert.equal(allocation.status, 'optimal', allocation.why ?? '');
      const off = Math.abs(allocation.solvedUsd! - objectiveUsd);
      assert.ok(
        off <= Math.max(1e-6 * Math.abs(objectiveUsd), 1e-6),
        `${allocation.solvedUsd} for ${objectiveUsd}`,
      );
      assertWithinLimits(problem, allocation);
    }
    assertConserved(problem, allocation);
  });
}

test('whatever the dice give, no token is lost, the limits hold and the status is honest', async () => {
  for (let seed = 100; seed < 125; seed += 1) {
    const roll = dice(seed);
    const problem = problemOf({
      seed,
      pools: 3 + Math.floor(9 * roll()),
      tokens: 2 + Math.floor(3 * roll()),
      assetsUsd: 10 ** (2 + 7 * roll()),
      start: roll() < 0.3 ? 'idle' : 'spread',
    });
    const allocation = await decide(problem);
    assertConserved(problem, allocation);
    if (allocation.status !== 'infeasible') assertWithinLimits(problem, allocation);
    assert.equal(allocation.why === null, allocation.status === 'optimal', `seed ${seed}`);
    assert.equal(allocation.gap === 0, allocation.status === 'optimal', `seed ${seed}`);
  }
});

test('the same problem gives the same transactions', async () => {
  const problem = problemOf({ seed: 77, pools: 12, tokens: 4, assetsUsd: 1e6, start: 'spread' });
  assert.deepEqual((await decide(problem)).plan, (await decide(problem)).plan);
});

test('a hundredth of a second is too little, and is not called optimal', async () => {
  const problem = problemOf({ seed: 5, pools: 37, tokens: 11, assetsUsd: 1e6, start: 'spread' });
  const allocation = await decide(problem, 0.01);
  assert.ok(['feasible', 'failed'].includes(allocation.status), allocation.status);
  assert.match(allocation.why!, /0\.01 s/);
  if (allocation.status === 'feasible') assert.ok(allocation.gap! > 1e-6);
  else assert.deepEqual([...new Set(operations(allocation))], ['HOLD']);
  assertConserved(problem, allocation);
});

test('a solution without proof is feasible, with the gap to the best bound', async () => {
  const problem = { ...emptyProblem(), tokens: [usdc('1000000')], pools: [pool({ poolId: 'a' })] };
  const unproven: Solve = async (request) => {
    const answer = await here(request);
    assert.ok(answer.outcome === 'solved');
    return { ...answer, bound: null };
  };
  const allocation = await allocate(problem, { timeLimitSeconds: 1, solve: unproven });
  assert.equal(allocation.status, 'feasible');
  assert.ok(allocation.gap! > 1e-3 && Number.isFinite(allocation.gap));
  assert.match(allocation.why!, /may fall short of the optimum by/);
});

test('a solver that crashes is asked once more; then the day has failed and keeps what it has', async () => {
  const problem = { ...emptyProblem(), tokens: [usdc('1000000')], pools: [pool({ poolId: 'a' })] };
  let asked = 0;
  const crashing =
    (times: number): Solve =>
    async (request) => {
      asked += 1;
      if (asked <= times) throw new SolverCrashed('out of memory');
      return here(request);
    };
  const once = await allocate(problem, { timeLimitSeconds: 1, solve: crashing(1) });
  assert.equal(once.status, 'optimal');
  asked = 0;
  const twice = await allocate(problem, { timeLimitSeconds: 1, solve: crashing(2) });
  assert.equal(twice.status, 'failed');
  assert.match(twice.why!, /crashed 2 times: out of memory/);
  assert.equal(asked, 2);
  assert.equal(heldIn(twice, null), 1_000_000);
});

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
