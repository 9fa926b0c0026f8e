import { dollarsOf } from '../portfolio/amounts.ts';
import { whyInfeasible } from './diagnosis.ts';
import { buildModel } from './model.ts';
import { makePlan, noMoves } from './plan.ts';
import type { Plan } from './plan.ts';
import { boundsOf, dustUsd } from './problem.ts';
import type { AllocationProblem, Bounds } from './problem.ts';
import type { SolveAnswer } from './solve-milp.mjs';
import { solveInThread, SolverCrashed } from './solver.ts';
import type { Solve } from './solver.ts';

export type AllocationStatus = 'optimal' | 'feasible' | 'infeasible' | 'failed';

export interface Allocation {
  status: AllocationStatus;
  /** Why an allocation is not optimal, in one line. */
  why: string | null;
  /** How much better the best solution could be at most, relative; 0 is proven, null where nothing was solved. */
  gap: number | null;
  plan: Plan;
  /** Expected yield over the horizon less gas and conversions, dollars; null where nothing was solved. */
  objectiveUsd: number | null;
  /** Dollar-weighted forecast of what lies in pools, percent points a year; null where nothing does. */
  projectedApy: number | null;
  /** The solver's own objective in dollars, penalty included; null where nothing was solved. */
  solvedUsd: number | null;
  variables: number;
  constraints: number;
  solveSeconds: number;
}

/** A gap up to this is called proven, in parts of the objective or of a dollar, whichever is more. */
const provenGap = 1e-6;

/** A solver that crashed is asked this often altogether. */
const tries = 2;

/**
 * Decides a day. Without a solution everything stays as it is: status `infeasible` or `failed`, and why. Never throws
 * for what a solver does.
 */
export async function allocate(
  problem: AllocationProblem,
  { timeLimitSeconds, solve = solveInThread }: { timeLimitSeconds: number; solve?: Solve },
): Promise<Allocation> {
  const bounds = boundsOf(problem);
  const kept = (status: AllocationStatus, why: string | null, seconds = 0): Allocation =>
    allocationOf(problem, bounds, makePlan(problem, bounds, noMoves), {
      status,
      why,
      gap: null,
      solvedUsd: null,
      variables: 0,
      constraints: 0,
      solveSeconds: seconds,
    });
  if (bounds.assetsUsd <= 0) return { ...kept('optimal', null), gap: 0, objectiveUsd: 0, solvedUsd: 0 };

  const { milp, unitUsd, movesOf } = buildModel(problem, bounds);
  const size = { variables: milp.cost.length, constraints: milp.rowLower.length };
  let answer: SolveAnswer & { seconds: number };
  try {
    answer = await withoutCrash(() => solve({ milp, timeLimitSeconds }));
  } catch (error) {
    if (!(error instanceof SolverCrashed)) throw error;
    return { ...kept('failed', `the solver crashed ${tries} times: ${error.message}`), ...size };
  }
  if (answer.outcome === 'infeasible')
    return { ...kept('infeasible', whyInfeasible(problem, bounds), answer.seconds), ...size };
  if (answer.outcome === 'none') return { ...kept('failed', answer.why, answer.seconds), ...size };

  const objective = answer.objective * unitUsd;
  const bound = Math.min((answer.bound ?? Infinity) * unitUsd, bestYield(bounds));
  const gap = Math.max(0, bound - objective) / Math.max(Math.abs(bound), Math.abs(objective), 1);
  let plan: Plan;
  try {
    plan = makePlan(problem, bounds, movesOf(answer.values));
  } catch (error) {
    return {
      ...kept('failed', `the solution is not exact: ${(error as Error).message}`, answer.seconds),
      ...size,
    };
  }
  const proven = gap <= provenGap;
  return allocationOf(problem, bounds, plan, {
    status: proven ? 'optimal' : 'feasible',
    why: proven
      ? null
      : `the best solution found in ${timeLimitSeconds} s may fall short of the optimum by ${(gap * 100).toPrecision(3)} %`,
    gap: proven ? 0 : gap,
    solvedUsd: objective,
    ...size,
    solveSeconds: answer.seconds,
  });
}

/** Money that a day wanted out of a pool and could not take out: the next day tries again. */
export interface Stuck {
  poolId: string;
  usd: number;
  /** What the pool held when it was last looked at; null where nobody knows. */
  holdsUsd: number | null;
}

/** What stays in pools that are to be left, because they do not hold it or because leaving costs more than it brings. */
export function stuckIn(problem: AllocationProblem, { plan }: Pick<Allocation, 'plan'>): Stuck[] {
  const leaving = new Map(
    problem.pools
      .filter(
        ({ held, mustLeave, tvl }) =>
          held.length > 0 && (mustLeave === true || tvl < problem.limits.poolTvlLimit),
      )
      .map((pool) => [pool.poolId, pool]),
  );
  const stuck = new Map<string, Stuck>();
  for (const { poolId, amount, price } of plan.positions) {
    const pool = poolId === null ? undefined : leaving.get(poolId);
    if (pool === undefined) continue;
    const there = stuck.get(pool.poolId) ?? { poolId: pool.poolId, usd: 0, holdsUsd: pool.holdsUsd ?? null };
    stuck.set(pool.poolId, { ...there, usd: there.usd + dollarsOf(amount * price) });
  }
  return [...stuck.values()].filter(({ usd }) => usd >= dustUsd);
}

async function withoutCrash<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SolverCrashed) || attempt >= tries) throw error;
    }
  }
}

function allocationOf(
  problem: AllocationProblem,
  bounds: Bounds,
  plan: Plan,
  solved: Omit<Allocation, 'plan' | 'objectiveUsd' | 'projectedApy'>,
): Allocation {
  const apys = new Map(problem.pools.map(({ poolId, apy }) => [poolId, apy]));
  const yields = new Map(bounds.pools.map(({ pool, yieldPerDollar }) => [pool.poolId, yieldPerDollar]));
  let [invested, weighted, earned] = [0, 0, 0];
  for (const { poolId, amount, price } of plan.positions) {
    if (poolId === null) continue;
    const usd = dollarsOf(amount * price);
    invested += usd;
    weighted += usd * apys.get(poolId)!;
    earned += usd * yields.get(poolId)!;
  }
  const costs = dollarsOf(plan.gas + plan.conversionFees);
  return {
    ...solved,
    plan,
    objectiveUsd: solved.solvedUsd === null ? null : earned - costs,
    projectedApy: invested > 0 ? weighted / invested : null,
  };
}

/** What the assets would earn at best if moving were free: no solution can be better, whatever the solver knows. */
function bestYield({ assetsUsd, pools }: Bounds): number {
  let left = assetsUsd;
  let best = 0;
  for (const { capUsd, yieldPerDollar } of [...pools].sort((a, b) => b.yieldPerDollar - a.yieldPerDollar)) {
    const usd = Math.min(left, capUsd);
    best += usd * yieldPerDollar;
    left -= usd;
  }
  return best;
}
