import type { Plan } from '../../src/pools/allocation/plan.ts';
import type { AllocationPool, AllocationProblem } from '../../src/pools/allocation/problem.ts';
import { formatAmount } from '../../src/pools/portfolio/amounts.ts';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const symbols = [
  'USDC',
  'USDT',
  'DAI',
  'USDS',
  'GHO',
  'PYUSD',
  'crvUSD',
  'LUSD',
  'USDe',
  'RLUSD',
  'USDG',
] as const;

export interface Recipe {
  seed: number;
  pools: number;
  tokens: number;
  assetsUsd: number;
  /** `idle`: all in USDC; `spread`: in pools and in the wallet, wherever the dice fall. */
  start: 'idle' | 'spread';
  change?: (problem: AllocationProblem) => void;
}

/** Today's limits with gas of about two gwei. */
export function emptyProblem(): AllocationProblem {
  return {
    limits: {
      horizonDays: 7,
      conversionRate: 0.0004,
      minPools: 5,
      minPoolsPenaltyPct: 0.001,
      minPositionUsd: 100,
      minPositionPct: 0.01,
      maxPositionPct: 0.25,
      maxPoolTvlPct: 0.05,
      poolTvlLimit: 100_000,
      groupMaxPct: [0.35, 0.35, 0.3],
    },
    gasUsd: { withdrawal: 1.5, conversion: 1.08, deposit: 1.5 },
    tokens: [],
    pools: [],
  };
}

export function pool(change: Partial<AllocationPool> & { poolId: string }): AllocationPool {
  return { accepts: ['USDC'], held: [], apy: 8, tvl: 1e8, group: 1, mayGrow: true, ...change };
}

/** A problem of the dice: pools of one or two tokens, prices around their pegs, forecasts of every size. */
export function problemOf({ seed, pools, tokens, assetsUsd, start, change }: Recipe): AllocationProblem {
  const roll = dice(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(roll() * from.length)]!;
  const names = symbols.slice(0, tokens);
  const problem = emptyProblem();
  problem.pools = Array.from({ length: pools }, (_, i) =>
    pool({
      poolId: `pool-${String(i).padStart(2, '0')}`,
      accepts: [...new Set(roll() < 0.2 ? [pick(names), pick(names)] : [pick(names)])].sort(),
      apy: Number((1 + 14 * roll()).toFixed(4)),
      tvl: Math.round(2e5 * Math.exp(7 * roll())),
      group: pick([1, 2, 3, 4] as const),
    }),
  );
  const idle = new Map<string, number>();
  if (start === 'idle') idle.set('USDC', assetsUsd);
  else {
    for (const name of names) if (roll() < 0.5) idle.set(name, 0.1 * assetsUsd * roll());
    for (let i = 0; i < pools / 4; i += 1) {
      const chosen = pick(problem.pools);
      const amount = (assetsUsd * roll()) / (pools / 4) / chosen.accepts.length;
      chosen.held = chosen.accepts.map((token) => ({ token, amount: amount.toFixed(18) }));
      chosen.mayGrow = roll() < 0.8;
    }
  }
  problem.tokens = names.map((symbol) => ({
    symbol,
    price: (1 + 0.004 * (roll() - 0.5)).toFixed(8),
    idle: (idle.get(symbol) ?? 0).toFixed(18),
  }));
  change?.(problem);
  return problem;
}

/** The morning after: what the plan left, with a day's yield, other prices and other forecasts. */
export function dayAfter(problem: AllocationProblem, plan: Plan, seed: number): AllocationProblem {
  const roll = dice(seed);
  const next = structuredClone(problem);
  const about = (value: number, spread: number) => value * (1 + spread * (roll() - 0.5));
  for (const token of next.tokens) {
    token.price = about(Number(token.price), 2e-4).toFixed(8);
    token.idle = '0';
  }
  for (const each of next.pools) {
    each.held = [];
    each.apy = about(each.apy, 0.2);
    each.tvl = about(each.tvl, 0.05);
  }
  for (const { poolId, token, amount } of plan.positions) {
    if (poolId === null) next.tokens.find(({ symbol }) => symbol === token)!.idle = formatAmount(amount);
    else {
      const place = next.pools.find((each) => each.poolId === poolId)!;
      place.held.push({ token, amount: formatAmount(amount + amount / 5_000n) });
    }
  }
  return next;
}
