/** What is decided on a problem, and what every decision must satisfy. */
import assert from 'node:assert/strict';
import { allocate } from '../../src/pools/allocation/allocate.ts';
import type { Allocation } from '../../src/pools/allocation/allocate.ts';
import type { AllocationProblem } from '../../src/pools/allocation/problem.ts';
import { solveMilp } from '../../src/pools/allocation/solve-milp.mjs';
import type { Solve } from '../../src/pools/allocation/solver.ts';
import { dollarsOf, parseAmount, valueOf } from '../../src/pools/portfolio/amounts.ts';

/** In this thread, without its start: what is tested here is what is decided. */
export const here: Solve = async (request) => ({ ...(await solveMilp(request)), seconds: 0 });

export const decide = (problem: AllocationProblem, timeLimitSeconds = 60) =>
  allocate(problem, { timeLimitSeconds, solve: here });

export const usdc = (idle: string, price = '1') => ({ symbol: 'USDC', price, idle });

export function heldIn({ plan }: Allocation, poolId: string | null): number {
  return plan.positions
    .filter((position) => position.poolId === poolId)
    .reduce((sum, { amount, price }) => sum + dollarsOf(valueOf(amount, price)), 0);
}

export const operations = ({ plan }: Allocation) => plan.steps.map(({ operation }) => operation);

/** Follows the transactions token by token and holds the end against the positions, to the last digit. */
export function assertConserved(problem: AllocationProblem, { plan }: Allocation): void {
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
