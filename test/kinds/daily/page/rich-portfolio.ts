/** The portfolio of a rich day (rich-day.ts) and the days before it: balances, decisions, transactions, positions. */
import type { Database } from '../../../../src/database/pool.ts';
import { addDays } from '../../../../src/planning/days.ts';
import type { Day } from '../../../../src/planning/days.ts';
import { actualApy, richPools, round } from './rich-pools.ts';

/** How the day was decided. */
export interface WantedDecision {
  status?: 'optimal' | 'feasible' | 'infeasible' | 'failed';
  stale?: boolean;
}

/** The price of USDT is stale, so it counts 1. */
const price: Record<string, number> = { USDC: 0.9998, USDT: 1 };

/** Token units, exact to six decimals. */
interface Holding {
  pool: number | null;
  token: string;
  amount: number;
}

let holdings: Holding[] = [];

interface Step {
  operation: 'HOLD' | 'WITHDRAWAL' | 'CONVERSION' | 'ALLOCATION';
  pool: number | null;
  from: string;
  to: string;
  amount: number;
  received: number;
  gas: number;
  fee: number;
}

/** The decisions. What to hold is given: the page does not decide it. */
function stepsOf(dayIndex: number, status: string): Step[] {
  if (status === 'infeasible' || status === 'failed') return [];
  const move = (
    operation: Step['operation'],
    poolIndex: number | null,
    token: string,
    amount: number,
  ): Step => ({
    operation,
    pool: poolIndex,
    from: token,
    to: token,
    amount,
    received: amount,
    gas: 1.42,
    fee: 0,
  });
  if (dayIndex === 0) {
    return [0, 2, 3].map((i) =>
      move('ALLOCATION', i, 'USDC', [250_000, 240_000, 200_000][i === 0 ? 0 : i - 1]!),
    );
  }
  if (dayIndex === 4) return [move('ALLOCATION', 4, 'USDC', 180_000)];
  if (dayIndex !== 10) return [];
  const converted = 120_000;
  const fee = round(converted * price['USDC']! * 0.0004, 6);
  return [
    { ...move('HOLD', 0, 'USDC', 250_000), gas: 0 },
    move('WITHDRAWAL', 3, 'USDC', 200_000.123456),
    {
      operation: 'CONVERSION',
      pool: null,
      from: 'USDC',
      to: 'USDT',
      amount: converted,
      received: round((converted * price['USDC']! - fee) / price['USDT']!, 6),
      gas: 2.84,
      fee,
    },
    move('ALLOCATION', 1, 'USDT', 110_000),
    move('ALLOCATION', 4, 'USDC', 60_000),
  ];
}

export async function fillPortfolioDay(
  database: Database,
  dataset: string,
  runId: string,
  day: Day,
  dayIndex: number,
  wanted: WantedDecision,
): Promise<void> {
  const status = wanted.status ?? 'optimal';
  if (dayIndex === 0) holdings = [];
  const opening = holdings.map((holding) => ({
    ...holding,
    accrued:
      holding.pool === null
        ? 0
        : round((holding.amount * actualApy(holding.pool, addDays(day, -1))) / 100 / 365, 6),
    flow: holding.pool === null && holding.token === 'USDC' && dayIndex === 7 ? 50_000 : 0,
  }));
  if (dayIndex === 0) {
    opening.push({ pool: null, token: 'USDC', amount: 0, accrued: 0, flow: 1_000_000 });
    opening.push({ pool: null, token: 'USDT', amount: 0, accrued: 0, flow: 500 });
  }
  let before = 0;
  for (const { pool: index, token, amount, accrued, flow } of opening) {
    const balance = `$7::numeric + $8::numeric + $9::numeric`;
    await database.query(
      `insert into daily_balances (dataset, portfolio, date, token_symbol, pool_id, price_usd, carried, accrued, flow,
                                   unallocated_balance, allocated_balance, price_date)
       values ($1, 'paper', $2, $3, $4, $5, $7, $8, $9,
               case when $4::text is null then ${balance} else 0 end,
               case when $4::text is null then 0 else ${balance} end, $6)`,
      [
        dataset,
        day,
        token,
        index === null ? null : richPools[index]!.id,
        price[token],
        token === 'USDT' ? null : addDays(day, -1),
        amount,
        accrued,
        flow,
      ],
    );
    before += round(amount + accrued + flow, 6) * price[token]!;
  }
  const held = new Map<string, Holding>();
  const at = (index: number | null, token: string): Holding => {
    const key = `${index} ${token}`;
    const there = held.get(key) ?? { pool: index, token, amount: 0 };
    held.set(key, there);
    return there;
  };
  for (const { pool: index, token, amount, accrued, flow } of opening)
    at(index, token).amount += amount + accrued + flow;
  const steps = stepsOf(dayIndex, status);
  let [gas, fees] = [0, 0];
  for (const [i, step] of steps.entries()) {
    gas += step.gas;
    fees += step.fee;
    const inPool = step.pool === null ? null : at(step.pool, step.from);
    // Always the whole position is withdrawn.
    if (step.operation === 'WITHDRAWAL') step.amount = step.received = round(inPool!.amount, 6);
    if (step.operation === 'WITHDRAWAL') {
      inPool!.amount = 0;
      at(null, step.from).amount += step.amount;
    } else if (step.operation === 'ALLOCATION') {
      inPool!.amount += step.amount;
      at(null, step.from).amount -= step.amount;
    } else if (step.operation === 'CONVERSION') {
      at(null, step.from).amount -= step.amount;
      at(null, step.to).amount += step.received;
    }
    at(null, 'USDC').amount -= step.gas / price['USDC']!;
    const id = step.pool === null ? null : richPools[step.pool]!.id;
    await database.query(
      `insert into asset_allocations (run_id, step_number, operation, from_location, to_location, from_asset, to_asset, amount,
                                      amount_received, amount_usd, pool_id, gas_cost_usd, conversion_cost_usd, total_cost_usd)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $12::numeric + $13::numeric)`,
      [
        runId,
        i + 1,
        step.operation,
        step.operation === 'WITHDRAWAL' || step.operation === 'HOLD' ? id : 'warm_wallet',
        step.operation === 'ALLOCATION' || step.operation === 'HOLD' ? id : 'warm_wallet',
        step.from,
        step.to,
        step.amount,
        step.received,
        round(step.amount * price[step.from]!, 6),
        id,
        step.gas,
        step.fee,
      ],
    );
  }
  holdings = [...held.values()]
    .map((holding) => ({ ...holding, amount: round(holding.amount, 6) }))
    .filter(({ amount }) => amount > 0);
  for (const { pool: index, token, amount } of holdings) {
    await database.query(`insert into allocation_positions values ($1, 'paper', $2, $3, $4, $5, $6)`, [
      dataset,
      day,
      index === null ? null : richPools[index]!.id,
      token,
      amount,
      price[token],
    ]);
  }
  const after = holdings.reduce((sum, { token, amount }) => sum + amount * price[token]!, 0);
  const pools = new Set(holdings.flatMap(({ pool: index }) => index ?? [])).size;
  const whys = {
    optimal: null,
    feasible: 'time limit of 0.01 s',
    infeasible: 'the limits of group 1 leave room for 70 % only, and idle money is not allowed',
    failed: 'the solver stopped without an answer',
  };
  await database.query(
    `insert into allocations (dataset, portfolio, date, run_id, status, why, gap, objective_usd, value_before_usd, value_after_usd,
                              gas_usd, conversion_usd, projected_apy, horizon_days, candidates, variables, constraints,
                              solve_seconds, solver, eth_price_usd, gas_gwei, pools_wanted, pools_held, previous_date, stale,
                              decided_at)
     values ($1, 'paper', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 7, 7, 214, 187, 0.083, 'HiGHS 1.15', 2496.31, 1.37,
             5, $13, $14, $15, $2::date + interval '25 s')`,
    [
      dataset,
      day,
      runId,
      status,
      whys[status],
      status === 'optimal' ? 0 : status === 'feasible' ? 0.0123 : null,
      status === 'optimal' || status === 'feasible' ? 812.123456 : null,
      round(before, 6),
      round(after, 6),
      round(gas, 6),
      round(fees, 6),
      5.9,
      pools,
      dayIndex === 0 ? null : addDays(day, -1),
      wanted.stale === true || dayIndex === 8,
    ],
  );
}
