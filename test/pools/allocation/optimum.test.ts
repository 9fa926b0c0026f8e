/** That a decision is the optimum, and what happens where the solver does not prove it or does not answer. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allocate } from '../../../src/pools/allocation/allocate.ts';
import type { Allocation } from '../../../src/pools/allocation/allocate.ts';
import { boundsOf, groupIndex } from '../../../src/pools/allocation/problem.ts';
import type { AllocationProblem } from '../../../src/pools/allocation/problem.ts';
import { SolverCrashed } from '../../../src/pools/allocation/solver.ts';
import type { Solve } from '../../../src/pools/allocation/solver.ts';
import {
  assertConserved,
  decide,
  heldIn,
  here,
  operations,
  usdc,
} from '../../support/allocation-decisions.ts';
import { dice, emptyProblem, pool, problemOf } from '../../support/allocation-problems.ts';

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
