/**
 * Writes the problems that two solvers must agree on, without their optima:
 *
 *     node --import tsx test/pools/allocation/write-problems.ts
 *     .venv/bin/python spark/tests/allocation/reference.py spark/tests/allocation/problems.json
 */
import { writeFileSync } from 'node:fs';
import type { AllocationProblem } from '../../../src/pools/allocation/problem.ts';
import { emptyProblem, pool, problemOf } from '../../support/allocation-problems.ts';

const usdc = (idle: string) => [{ symbol: 'USDC', price: '0.9998', idle }];

const problems: Record<string, AllocationProblem> = {
  'first day': problemOf({ seed: 1, pools: 12, tokens: 5, assetsUsd: 1e6, start: 'idle' }),
  'first day, other pools': problemOf({ seed: 2, pools: 16, tokens: 6, assetsUsd: 2.5e5, start: 'idle' }),
  'spread over pools': problemOf({ seed: 3, pools: 12, tokens: 4, assetsUsd: 1e6, start: 'spread' }),
  'spread, some to be kept only': problemOf({
    seed: 4,
    pools: 14,
    tokens: 4,
    assetsUsd: 5e5,
    start: 'spread',
  }),
  'spread, a large portfolio': problemOf({ seed: 5, pools: 12, tokens: 4, assetsUsd: 8e7, start: 'spread' }),
  'a small portfolio': problemOf({ seed: 6, pools: 10, tokens: 4, assetsUsd: 5_000, start: 'spread' }),
  'prices far from one': problemOf({
    seed: 7,
    pools: 10,
    tokens: 4,
    assetsUsd: 1e6,
    start: 'spread',
    change: ({ tokens }) => {
      tokens[1]!.price = '1.21734501';
      tokens[2]!.price = '0.84';
    },
  }),
  'moving is free': problemOf({
    seed: 8,
    pools: 10,
    tokens: 4,
    assetsUsd: 1e6,
    start: 'spread',
    change: (problem) => {
      problem.gasUsd = { withdrawal: 0, conversion: 0, deposit: 0 };
      problem.limits.conversionRate = 0;
    },
  }),
  'gas of a hot day': problemOf({
    seed: 9,
    pools: 12,
    tokens: 4,
    assetsUsd: 1e5,
    start: 'spread',
    change: (problem) => {
      problem.gasUsd = { withdrawal: 75, conversion: 54, deposit: 75 };
    },
  }),
  'everything held must go': problemOf({
    seed: 10,
    pools: 8,
    tokens: 3,
    assetsUsd: 1e6,
    start: 'spread',
    change: ({ pools }) => {
      for (const held of pools) if (held.held.length > 0) held.tvl = 0;
    },
  }),
  'nobody to invest in': { ...emptyProblem(), tokens: usdc('1000') },
  'one pool': { ...emptyProblem(), tokens: usdc('1000000'), pools: [pool({ poolId: 'a', apy: 6 })] },
  'more pools wanted than there are': {
    ...emptyProblem(),
    limits: { ...emptyProblem().limits, minPools: 12 },
    tokens: usdc('100000'),
    pools: ['a', 'b', 'c'].map((poolId, i) => pool({ poolId, apy: 5 + i, group: 2 })),
  },
  'worth less than the gas': {
    ...emptyProblem(),
    tokens: usdc('0'),
    pools: [pool({ poolId: 'a', tvl: 0, held: [{ token: 'USDC', amount: '1' }] })],
  },
  'a run on a pool, and one that has ended': problemOf({
    seed: 11,
    pools: 10,
    tokens: 4,
    assetsUsd: 1e6,
    start: 'spread',
    change: ({ pools }) => {
      const held = pools.filter((each) => each.held.length > 0);
      Object.assign(held[0]!, { tvl: 40_000, holdsUsd: 25_000 });
      Object.assign(held[1]!, { holdsUsd: 10_000 });
      Object.assign(held[2]!, { mayGrow: false, mustLeave: true });
    },
  }),
  'a token in the icebox': problemOf({
    seed: 12,
    pools: 10,
    tokens: 4,
    assetsUsd: 1e6,
    start: 'spread',
    change: ({ tokens, pools }) => {
      tokens[0]!.frozen = true;
      for (const each of pools) if (each.accepts.includes(tokens[0]!.symbol)) each.mayGrow = false;
    },
  }),
  'a pair that drifted apart': {
    ...emptyProblem(),
    tokens: [...usdc('50000'), { symbol: 'USDT', price: '1.01', idle: '20000' }],
    pools: [
      pool({
        poolId: 'pair',
        accepts: ['USDC', 'USDT'],
        held: [
          { token: 'USDC', amount: '10000' },
          { token: 'USDT', amount: '9000' },
        ],
      }),
      pool({ poolId: 'b', accepts: ['USDT'], apy: 9, group: 2 }),
    ],
  },
};

const file = new URL('../../../spark/tests/allocation/problems.json', import.meta.url);
const cases = Object.entries(problems).map(([name, problem]) => ({ name, problem, objectiveUsd: null }));
writeFileSync(file, `${JSON.stringify(cases, null, 1)}\n`);
