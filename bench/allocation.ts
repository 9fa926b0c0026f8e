import { allocate } from '../src/pools/allocation/allocate.ts';
import type { Allocation } from '../src/pools/allocation/allocate.ts';
import type { AllocationProblem } from '../src/pools/allocation/problem.ts';
import { dayAfter, problemOf } from '../test/support/allocation-problems.ts';
import { record } from './results.ts';

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
const common = { pools: 37, tokens: 11, assetsUsd: 1e6 };

/** Decisions from the problem to exact transactions, each with the start of its solver's thread. */
export async function run(): Promise<void> {
  const first: Decision[] = [];
  const after: Decision[] = [];
  const spread: Decision[] = [];
  await decide(problemOf({ seed: 99, ...common, start: 'idle' }));
  for (const seed of seeds) {
    let problem = problemOf({ seed, ...common, start: 'idle' });
    let decision = await decide(problem);
    first.push(decision);
    for (let day = 1; day <= 3; day += 1) {
      problem = dayAfter(problem, decision.allocation.plan, seed * 100 + day);
      decision = await decide(problem);
      after.push(decision);
    }
    spread.push(await decide(problemOf({ seed, ...common, start: 'spread' })));
  }
  report('first day, all in the wallet', first, 0.5);
  report('the three days after', after, 0.5);
  report('everything in the wrong place', spread);
}

interface Decision {
  allocation: Allocation;
  seconds: number;
  /** CPU time of all threads of this process. */
  cpuSeconds: number;
}

async function decide(problem: AllocationProblem): Promise<Decision> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const allocation = await allocate(problem, { timeLimitSeconds: 60 });
  const seconds = (performance.now() - started) / 1000;
  if (allocation.status !== 'optimal') throw new Error(`${allocation.status}: ${allocation.why}`);
  const { user, system } = process.cpuUsage(cpu);
  return { allocation, seconds, cpuSeconds: (user + system) / 1e6 };
}

function report(size: string, decisions: readonly Decision[], targetSeconds?: number): void {
  const sorted = [...decisions].sort((a, b) => a.seconds - b.seconds);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  record({
    name: 'allocation, optimum proven',
    size: `37 pools × 11 tokens, ${size}, median of ${sorted.length}`,
    seconds: median.seconds,
    ...(targetSeconds !== undefined && { targetSeconds }),
    cpuSeconds: median.cpuSeconds,
    stages: {
      fastest: sorted[0]!.seconds,
      slowest: sorted.at(-1)!.seconds,
      variables: median.allocation.variables,
      constraints: median.allocation.constraints,
    },
  });
}
