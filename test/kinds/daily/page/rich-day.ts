/**
 * A database in which every part of the daily page has something to show: ten days of a portfolio with forecasts and
 * outcomes, then the run date with withdrawals, a conversion and deposits. Written row by row, so that the page is
 * tested without running the phases.
 */
import type { Database } from '../../../../src/database/pool.ts';
import { storeChecks } from '../../../../src/ledger/checks.ts';
import { layOutUnits } from '../../../../src/ledger/units.ts';
import { addDays, daysBetween } from '../../../../src/planning/days.ts';
import type { Day } from '../../../../src/planning/days.ts';
import { dailyPhases } from '../../../../src/kinds/daily/phases.ts';

export const richDate = '2025-06-30';
export const firstDate = '2025-06-20';

export interface RichDay {
  dataset?: string;
  status?: 'optimal' | 'feasible' | 'infeasible' | 'failed';
  stale?: boolean;
  /** Further pools that pass, without history of their own. */
  morePools?: number;
}

export interface RichPool {
  id: string;
  symbol: string | null;
  protocol: string;
  chain: string;
  token: string;
  apy: number;
  tvl: number;
  group: number;
  prefilter: string | null;
  filter: string | null;
}

export const richPools: RichPool[] = [
  pool('4e1f0a52', 'USDC', 'aave-v3', 'USDC', 4.61, 412_500_000, 1),
  pool('b53c7a18', 'USDT', 'aave-v3', 'USDT', 4.12, 691_000_000, 1),
  pool('9f0d22c4', 'SUSDE', 'ethena-usde', 'USDC', 7.85, 2_910_000_000, 3),
  pool('71d0c6ab', 'DAI', 'spark', 'USDC', 5.33, 88_400_000, 2),
  pool('0c2b9d7e', 'GTUSDC', 'morpho-blue', 'USDC', 6.27, 45_100_000, 2),
  pool('d8aa1e05', 'USDC-USDT', 'curve-dex', 'USDT', 3.02, 171_000_000, 1),
  pool('a7c41b90', 'CRVUSD', 'yearn-finance', 'USDC', 9.4, 2_300_000, 3),
  { ...pool('5510e3fd', 'USDE', 'fluid-lending', 'USDC', 6.9, 33_000_000, 2), filter: 'icebox: USDe' },
  {
    ...pool('e30f48aa', 'PYUSD', 'kamino-lend', 'USDC', 0.2, 60_000, 4),
    prefilter: 'protocol not approved: kamino-lend; chain not Ethereum: Solana',
    chain: 'Solana',
  },
  {
    ...pool('2b6697f1', null, 'unknown', 'USDC', 12, 1_000_000, 4),
    prefilter: 'nameless: the source gives no symbol',
  },
];

function pool(
  start: string,
  symbol: string | null,
  protocol: string,
  token: string,
  apy: number,
  tvl: number,
  group: number,
): RichPool {
  const id = `${start}-6d2f-4c1b-9a37-${start}0000`;
  return { id, symbol, protocol, chain: 'Ethereum', token, apy, tvl, group, prefilter: null, filter: null };
}

/** A deterministic number from -1 to 1. */
function noise(seed: number): number {
  const value = Math.sin(seed * 127.1) * 43758.5453;
  return 2 * (value - Math.floor(value)) - 1;
}

/** The outcome of a day. */
function actualApy(index: number, day: Day): number {
  const { apy, group } = richPools[index]!;
  const t = daysBetween('2025-01-01', day);
  const swing = [0, 0.03, 0.08, 0.22, 0.3][group]!;
  return round(apy * (1 + swing * Math.sin((t + index * 5) / 6) + swing * 0.4 * noise(t * 31 + index)));
}

const round = (value: number, digits = 4) => Number(value.toFixed(digits));
/** The price of USDT is stale, so it counts 1. */
const price: Record<string, number> = { USDC: 0.9998, USDT: 1 };

/** Fills the database and returns the run of the run date. */
export async function fillRichDay(database: Database, wanted: RichDay = {}): Promise<{ runId: string }> {
  const dataset = wanted.dataset ?? 'files/real';
  const days = Array.from({ length: 11 }, (_, i) => addDays(firstDate, i));
  await database.query(
    `insert into datasets (dataset, source, path) values ($1, 'files', '/data/real') on conflict do nothing`,
    [dataset],
  );
  await fillPools(database, dataset, wanted.morePools ?? 0);
  await fillForecasts(database, dataset, days);
  let runId = '';
  for (const [i, day] of days.entries()) {
    runId = await openRun(database, dataset, day);
    const last = day === richDate;
    await fillPortfolioDay(database, dataset, runId, day, i, last ? wanted : {});
  }
  await fillRun(database, dataset, runId);
  // As the jobs do: without it the planner joins thousands of pools as if they were a few.
  await database.query('analyze');
  return { runId };
}

async function fillPools(database: Database, dataset: string, more: number): Promise<void> {
  for (const [i, each] of richPools.entries()) {
    await database.query(
      `insert into pools (dataset, pool_id, symbol, protocol, chain, tvl, apy, underlying_tokens, change_seq)
       values ($1, $2, $3, $4, $5, $6, $7, array[$8], 1)`,
      [dataset, each.id, each.symbol, each.protocol, each.chain, each.tvl, each.apy, each.token],
    );
    const first = addDays(richDate, -75);
    const rows = Array.from({ length: 75 }, (_, k) => {
      const date = addDays(first, k);
      return { date, apy: actualApy(i, date), tvl: round(each.tvl * (1 + 0.002 * noise(k + i * 100)), 2) };
    });
    await database.query(
      `insert into pool_history (dataset, pool_id, date, apy, tvl, change_seq)
       select $1, $2, date, apy, tvl, 1 from jsonb_to_recordset($3::jsonb) as r (date date, apy float8, tvl float8)`,
      [dataset, each.id, JSON.stringify(rows)],
    );
  }
  await database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, actual_apy, actual_tvl, rolling_apy_7d, rolling_apy_30d,
                                     stddev_apy_30d, stale_days, metrics_version)
     select dataset, pool_id, date, apy, tvl,
            round(avg(apy) over week, 4), round(avg(apy) over month, 4), round(stddev_samp(apy) over month, 4), 0, 1
       from (select dataset, pool_id, date, apy::numeric, tvl from pool_history where dataset = $1) h
     window week as (partition by pool_id order by date rows between 6 preceding and current row),
            month as (partition by pool_id order by date rows between 29 preceding and current row)`,
    [dataset],
  );
  for (const each of richPools) {
    await database.query(
      `insert into pool_daily_metrics (dataset, pool_id, date, is_filtered_out, prefilter_reason, filter_reason, pool_group)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        dataset,
        each.id,
        richDate,
        (each.prefilter ?? each.filter) !== null,
        each.prefilter,
        each.prefilter ?? each.filter,
        each.group,
      ],
    );
  }
  if (more === 0) return;
  await database.query(
    `insert into pools (dataset, pool_id, symbol, protocol, chain, tvl, apy, change_seq)
     select $1, md5(n::text)::uuid::text, 'USDC-USDT ' || n, 'a-protocol-of-some-length', 'Ethereum', 8e8 / n, 4, 1
       from generate_series(1, $2::integer) as n`,
    [dataset, more],
  );
  await database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, actual_apy, actual_tvl, rolling_apy_7d, rolling_apy_30d,
                                     stddev_apy_30d, stale_days, metrics_version)
     select $1, md5(n::text)::uuid::text, $3::date - 1, 2 + n % 7, 8e8 / n, 3.1234, 3.4321, 0.1234, 0, 1
       from generate_series(1, $2::integer) as n`,
    [dataset, more, richDate],
  );
  await database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, is_filtered_out, prefilter_reason, filter_reason, pool_group,
                                     forecasted_apy, forecasted_tvl)
     select $1, md5(n::text)::uuid::text, $3, n % 2 = 0, case when n % 2 = 0 then why end, case when n % 2 = 0 then why end,
            1 + n % 3, 3.1, 8e8 / n
       from generate_series(1, $2::integer) as n,
            (values ('protocol not approved: a-protocol-of-some-length; chain not Ethereum: Arbitrum')) as w (why)`,
    [dataset, more, richDate],
  );
}

/** Forecasts of every day, as the run of that day would have made them from the day before. */
async function fillForecasts(database: Database, dataset: string, days: Day[]): Promise<void> {
  for (const [i, each] of richPools.entries()) {
    if (each.prefilter !== null) continue;
    for (const day of days) {
      const asof = actualApy(i, addDays(day, -1));
      const mean =
        Array.from({ length: 7 }, (_, k) => actualApy(i, addDays(day, -1 - k))).reduce((a, b) => a + b) / 7;
      const forecast = round(asof + 0.45 * (actualApy(i, day) - asof));
      await database.query(
        `insert into pool_forecasts (dataset, pool_id, date, asof, method, asof_apy, asof_tvl, mean_apy_7d, forecasted_apy,
                                     forecasted_tvl, tvl_q10, tvl_q90)
         values ($1, $2, $3, $3::date - 1, 'model', $4, $5, $6, $7, $5, $5::float8 * 0.97, $5::float8 * 1.04)`,
        [dataset, each.id, day, asof, each.tvl, round(mean), forecast],
      );
      await database.query(
        `insert into pool_daily_metrics (dataset, pool_id, date, forecasted_apy, forecasted_tvl)
         values ($1, $2, $3, $4, $5)
         on conflict (dataset, pool_id, date) do update
            set forecasted_apy = excluded.forecasted_apy, forecasted_tvl = excluded.forecasted_tvl`,
        [dataset, each.id, day, forecast, each.tvl],
      );
      const spread = 0.02 + [0, 0.02, 0.05, 0.12, 0.2][each.group]! * each.apy * 0.5;
      for (let horizon = 1; horizon <= 7; horizon++) {
        const width = spread * Math.sqrt(horizon);
        await database.query(`insert into pool_forecast_quantiles values ($1, $2, $3, $4, $5, $6, $7)`, [
          dataset,
          each.id,
          day,
          horizon,
          round(Math.max(0, forecast - width)),
          forecast,
          round(forecast + 1.2 * width),
        ]);
      }
    }
  }
  await database.query(
    `insert into pool_forecast_models (dataset, date, target, model, model_hash, shrink, rows, features, first_asof, last_asof,
                                       mae_model, mae_persistence, detail)
     values ($1, $2, 'apy', 'lightgbm', 'ab12', 0.35, 40000, 64, '2025-01-02', '2025-06-28', 0.2814, 0.3027,
             '{"days": 178, "pools": 2097, "knownRows": 371420}'),
            ($1, $2, 'tvl', 'lightgbm', 'cd34', 0.2, 18420, 61, '2025-01-02', '2025-06-28', 0.0131, 0.0132,
             '{"days": 178, "pools": 123, "knownRows": 18420}'),
            ($1, $2, 'gas_avg', 'lightgbm', 'ef56', 1, 402, 9, '2024-06-01', '2025-06-28', 0.41, 0.52, '{}')`,
    [dataset, richDate],
  );
  const evaluation = await openRun(database, dataset, null);
  for (let k = 0; k < 20; k++) {
    for (const [population, pools] of [
      ['passing', 37],
      ['all', 45],
    ] as const) {
      const persistence = round(0.35 + 0.1 * noise(k));
      await database.query(
        `insert into forecast_evaluation_days (run_id, date, population, pools, mae_model, mae_persistence, mae_mean_7d,
                                               coverage_80, shrink)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 0.35)`,
        [
          evaluation,
          addDays('2025-05-01', k),
          population,
          pools,
          round(persistence * (0.92 + 0.05 * noise(k + 7))),
          persistence,
          round(persistence * 1.4),
          round(0.8 + 0.06 * noise(k + 3)),
        ],
      );
    }
  }
}

async function openRun(database: Database, dataset: string, day: Day | null): Promise<string> {
  const key = day === null ? `evaluate/${dataset}` : `daily/${dataset}/${day}`;
  const start = `${day ?? '2025-06-18'}T00:01:02Z`;
  const { rows } = await database.query<{ run_id: string }>(
    `insert into runs (key, kind, dataset, date, status, workflow_id, workflow_run_id, input, statement, opened_at, claimed_at,
                       finished_at)
     values ($1, $2, $3, $4, $5, $1, 'w', $6, null, $7, $7, $8)
     returning run_id`,
    [
      key,
      day === null ? 'evaluatePools' : 'dailyPipeline',
      dataset,
      day,
      day === richDate ? 'running' : 'complete',
      JSON.stringify({ dataset: 'files', path: '/data/real', date: day }),
      start,
      day === richDate ? null : new Date(Date.parse(start) + 21_400),
    ],
  );
  const runId = rows[0]!.run_id;
  if (day !== null) {
    await layOutUnits(database, runId, dailyPhases);
    await database.query(
      `update units set verdict = 'complete', rows_found = 21000 + position * 7 + $2, rows_due = 21000 + position * 7 + $2,
              detail = case unit when 'prefilter' then '{"passed": 8}' else '{}' end::jsonb
        where run_id = $1`,
      [runId, Number(day.slice(8))],
    );
  }
  return runId;
}

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

async function fillPortfolioDay(
  database: Database,
  dataset: string,
  runId: string,
  day: Day,
  dayIndex: number,
  wanted: RichDay,
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

/** Everything around the money of the run date: phases with their times, batches, checks, settings, sources. */
async function fillRun(database: Database, dataset: string, runId: string): Promise<void> {
  const start = Date.parse(`${richDate}T00:01:02Z`);
  const at = (seconds: number) => new Date(start + seconds * 1000);
  const spans: Record<string, [number, number]> = {
    prepare: [0.1, 0.2],
    ingest: [0.2, 3.4],
    prefilter: [3.4, 3.9],
    metrics: [3.9, 8.2],
    forecast: [8.2, 22.6],
    filter: [22.6, 23.1],
    allocate: [23.1, 23.6],
  };
  const details: Record<string, unknown> = {
    ingest: {
      due: { pools: 10, pool_history: 750 },
      newest: {
        pool_history: '2025-06-29',
        gas_fees_daily: '2025-06-29',
        USDT: '2025-06-20',
        SOFR: '2025-06-27',
      },
    },
    prefilter: { passed: 8 },
    metrics: { stalePrices: [{ symbol: 'USDT', newest: '2025-06-20' }], unpricedTokens: ['BOLD'] },
  };
  for (const [unit, [from, to]] of Object.entries(spans)) {
    await database.query(
      `update units set attempt = 1, started_at = $3, finished_at = $4, detail = $5 where run_id = $1 and unit = $2`,
      [runId, unit, at(from), at(to), JSON.stringify(details[unit] ?? {})],
    );
  }
  await database.query(
    `update units set verdict = 'missing', attempt = 1, rows_due = null, rows_found = null, started_at = $2
      where run_id = $1 and unit = 'report'`,
    [runId, at(23.6)],
  );
  const batches = [
    ['pool_ingest', 'ingest', 0.4, 3.2, 2.4, 310],
    ['pool_metrics', 'metrics', 4.1, 7.6, 5.1, 1312],
    ['pool_forecast', 'forecast', 8.5, 22.3, 21.7, 1904],
  ] as const;
  // One batch without estimates (from an older version), one on this machine, one that is billed.
  const log = { stages: 4, tasks: 9, failedTasks: 0, shuffleMb: 1.5 };
  const costs = [
    ['local', null, null, null],
    [
      'local',
      { usd: 0, seconds: 4.5, coreSeconds: 9, estimator: 'free' },
      { usd: 0, seconds: 3.5, coreSeconds: 7, estimator: 'free' },
      { ...log, peakExecutorMb: 812.5, cpuSeconds: 3.1, offeredCoreSeconds: 6.4, cpuShare: 0.4844 },
    ],
    [
      'dataproc',
      { usd: 0.0122, seconds: 60, dcuHours: 0.2, estimator: 'dcu' },
      { usd: 0.0093, seconds: 13.8, dcuHours: 0.15, gbMonths: 0.0001, estimator: 'dcu' },
      { ...log, peakExecutorMb: 1420, cpuSeconds: 40.2, offeredCoreSeconds: 88.1, cpuShare: 0.4563 },
    ],
  ] as const;
  for (const [i, [job, unit, from, to, cpu, peak]] of batches.entries()) {
    await database.query(
      `insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request, result, usage, workflow_id,
                            workflow_run_id, submitted_at, started_at, finished_at, cost_estimate, cost_actual, event_log)
       values ($1, $2, $3, 1, $4, $9, 1, 'SUCCEEDED', '{}', $5, $6, 'w', 'w', $7, $7, $8, $10, $11, $12)`,
      [
        `sf-${job.replace('_', '-')}-${dataset.length}0c77ab${i}`,
        runId,
        unit,
        job,
        JSON.stringify(i === 0 ? { warnings: ['1 pool has no history'] } : {}),
        JSON.stringify({ seconds: round(to - from), cpuSeconds: cpu, peakMb: peak }),
        at(from),
        at(to),
        ...costs[i]!,
      ],
    );
  }
  const check = (
    name: string,
    passed: boolean,
    severity: 'block' | 'warn' | 'info',
    observed: string,
    expected: string,
  ) => ({
    name,
    passed,
    severity,
    observed,
    expected,
    message: `what ${name} looks at`,
  });
  await storeChecks(database, runId, 'ingest', [
    check('rows', true, 'block', '760', '760'),
    check('fresh: USDT price', false, 'warn', '2025-06-20', '>= 2025-06-27'),
  ]);
  await storeChecks(database, runId, 'forecast', [check('rows', true, 'block', '8', '8')]);
  await storeChecks(database, runId, 'allocate', [
    check('rows', true, 'block', '1', '1'),
    check('value conserved', true, 'block', '0.000000', '<= 0.01'),
    check('pools held', false, 'info', '4', '5'),
  ]);
  await database.query(
    `insert into allocation_parameters (run_id, parameters, approved_tokens_snapshot, blacklisted_tokens_snapshot,
                                        approved_protocols_snapshot)
     values ($1, '{"min_pools": 5, "conversion_rate": 0.0004, "profit_optimization": true}', '[{}, {}]', '[{}]', '[{}, {}, {}]')`,
    [runId],
  );
  await database.query(
    `insert into portfolio_comparisons values
       ($1, 'paper', $2, 'held', $3, 999750.5, 1001234.567, 0, $3, '[]'),
       ($1, 'paper', $2, 'weekly', $3, 999750.5, 1001111.25, 42.5, $3::date + 7, '[]')`,
    [dataset, richDate, firstDate],
  );
  await database.query(
    `insert into icebox_tokens values ($1, $2, 'USDe', '2025-06-02', 'close 0.9801 on 2025-06-02 was 1.99 % below the peg of 1.00')`,
    [dataset, richDate],
  );
  await database.query(
    `insert into macroeconomic_data values ($1, 'SOFR', '2025-06-27', 4.3, 'SOFR', 'daily', 1)`,
    [dataset],
  );
}
