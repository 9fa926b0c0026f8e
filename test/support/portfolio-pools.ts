/** A small data set for the phases filter and allocate, and what they left of it. */
import type { TestContext } from 'node:test';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { fillPools, testDependencies, usdc } from './daily-run.ts';
import type { TestPool } from './daily-run.ts';
import { fillMetrics, fillPrices } from './portfolio.ts';

/** The run dates of most tests; what is known ends with the day before the first. */
export const [first, second, third] = ['2026-01-29', '2026-01-30', '2026-01-31'] as const;
const usdt = '0xdAC17F958D2ee523a2206206994597C13D831ec7';

export const pools: TestPool[] = [
  { id: 'a' },
  { id: 'b' },
  { id: 'c' },
  { id: 'd' },
  { id: 'e', symbol: 'USDT', tokens: ['USDT'], addresses: [usdt] },
  { id: 'pair', symbol: 'USDC-USDT', tokens: ['USDC', 'USDT'], addresses: [usdc, usdt] },
];
/** Two groups, so that more than a third of the assets can be invested. */
export const forecasts = pools.map(({ id }, i) => ({ id, apy: 5 + i, group: 1 + (i % 3) }));

/** A data set of these pools with a month of history, prices and gas. */
export async function withPools(t: TestContext, more: TestPool[] = []): Promise<Dependencies> {
  const deps = await testDependencies(t);
  await fillPools(deps.database, 'sample', [...pools, ...more], { first: '2026-01-01', last: third });
  await fillMetrics(deps, '2026-01-01', '2026-01-28');
  await fillPrices(deps, 'ETH', 3_000, '2026-01-20', third);
  await fillPrices(deps, 'USDC', 0.9998, '2026-01-20', third);
  await fillPrices(deps, 'USDT', 1.0003, '2026-01-20', third);
  await deps.database.query(
    `insert into gas_fees_daily (dataset, date, actual_avg_gas_gwei, change_seq) values ('sample', '2026-01-27', 1.5, 1)`,
  );
  return deps;
}

export async function rows<T>(deps: Dependencies, query: string, values: unknown[] = []): Promise<T[]> {
  return (await deps.database.query(query, values)).rows as T[];
}

/** What is held after a day. */
export const positions = (deps: Dependencies, date: string) =>
  rows<{ pool_id: string | null; token_symbol: string; amount: string }>(
    deps,
    `select pool_id, token_symbol, amount from allocation_positions where date = $1 order by pool_id nulls first, token_symbol`,
    [date],
  );

export interface Decision {
  status: string;
  why: string | null;
  stale: boolean;
  previous_date: string | null;
  before: number;
  after: number;
  costs: number;
  pools_held: number;
}

export async function decision(deps: Dependencies, date: string): Promise<Decision> {
  const [found] = await rows<Decision>(
    deps,
    `select status, why, stale, previous_date, pools_held, value_before_usd::float8 as before,
            value_after_usd::float8 as after, (gas_usd + conversion_usd)::float8 as costs from allocations where date = $1`,
    [date],
  );
  return found!;
}

/** What a check that does not hold has found; empty where it holds. */
export const warned = async (deps: Dependencies, runId: string, name: string) =>
  (
    await rows<{ observed: string }>(
      deps,
      'select observed from checks where run_id = $1 and name = $2 and not passed',
      [runId, name],
    )
  )
    .map(({ observed }) => observed)
    .join(' | ');
