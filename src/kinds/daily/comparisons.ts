/**
 * What the portfolio is held against, day by day: the first allocation simply held, and a decision every seven days by
 * the APY of the day before, under the same caps and at the same prices. Deciding daily has to be worth its costs.
 */
import type { Database, PoolClient } from '../../database/pool.ts';
import { addDays, daysBetween } from '../../planning/days.ts';
import type { Day } from '../../planning/days.ts';
import { allocate } from '../../pools/allocation/allocate.ts';
import type { Allocation } from '../../pools/allocation/allocate.ts';
import { assembleProblem } from '../../pools/allocation/assemble.ts';
import type { AllocationProblem } from '../../pools/allocation/problem.ts';
import {
  dollarsOf,
  formatAmount,
  formatDollars,
  parseAmount,
  valueOf,
} from '../../pools/portfolio/amounts.ts';
import { openNext, total } from '../../pools/portfolio/opening.ts';
import type { Holding } from '../../pools/portfolio/opening.ts';
import type { TokenPrice } from '../../pools/portfolio/prices.ts';
import { readYields } from '../../pools/portfolio/yields.ts';
import type { PoolSettings } from '../../pools/settings.ts';
import { readCandidates, readPrices } from './portfolio-day.ts';
import type { DayOfPortfolio } from './portfolio-day.ts';

type Rule = 'held' | 'weekly';

/** One rule's money after a day; a row of portfolio_comparisons. */
export interface Compared {
  rule: Rule;
  since: Day;
  startUsd: string;
  valueUsd: string;
  costUsd: number;
  decidedOn: Day;
  holdings: Holding[];
}

/** Days between two decisions of the weekly rule. */
const weekDays = 7;
/** A greedy choice looks at yields alone: over a year hardly any move costs more than it brings. */
const greedyHorizonDays = 365;

/**
 * Carries both rules from the newest day before to this one. On the first day, and for a portfolio that was never held
 * against anything, both begin with what `decided` left. Only reads.
 */
export async function advanceComparisons(
  database: Database,
  day: DayOfPortfolio,
  settings: PoolSettings,
  frozen: ReadonlySet<string>,
  gasUsd: AllocationProblem['gasUsd'],
  decided: Allocation,
): Promise<Compared[]> {
  const { dataset, date, portfolio } = day;
  const { rows } = await database.query<
    Omit<Compared, 'holdings'> & {
      date: Day;
      positions: { poolId: string | null; token: string; amount: string }[];
    }
  >(
    `select rule, date, since, start_usd as "startUsd", value_usd as "valueUsd", cost_usd::float8 as "costUsd",
            decided_on as "decidedOn", positions
       from portfolio_comparisons
      where dataset = $1 and portfolio = $2
        and date = (select max(date) from portfolio_comparisons
                     where dataset = $1 and portfolio = $2 and date < $3)
      order by rule`,
    [dataset, portfolio, date],
  );
  if (rows.length === 0) {
    const value = formatDollars(decided.plan.after);
    const holdings = decided.plan.positions.map(({ poolId, token, amount }) => ({ poolId, token, amount }));
    return (['held', 'weekly'] as const).map((rule) => {
      return { rule, since: date, startUsd: value, valueUsd: value, costUsd: 0, decidedOn: date, holdings };
    });
  }
  const carried: Compared[] = [];
  for (const { positions, date: before, ...row } of rows) {
    const held = positions.map((each): Holding => ({ ...each, amount: parseAmount(each.amount) }));
    const yields = await readYields(
      database,
      { dataset, from: before, to: date },
      held.flatMap(({ poolId }) => poolId ?? []),
      settings.parameters,
    );
    const { balances } = openNext({ previous: before, date }, held, [], yields.apyOf);
    const holdings = balances.map((each): Holding => {
      return { poolId: each.poolId, token: each.token, amount: total(each) };
    });
    const due = row.rule === 'weekly' && daysBetween(row.decidedOn, date) >= weekDays;
    carried.push(
      due
        ? await decideGreedily(database, day, settings, frozen, gasUsd, { ...row, holdings })
        : { ...row, ...(await valued(database, day, settings, holdings)) },
    );
  }
  return carried;
}

async function decideGreedily(
  database: Database,
  day: DayOfPortfolio,
  settings: PoolSettings,
  frozen: ReadonlySet<string>,
  gasUsd: AllocationProblem['gasUsd'],
  row: Compared,
): Promise<Compared> {
  const { dataset, date } = day;
  const { parameters } = settings;
  const candidates = await readCandidates(
    database,
    day,
    [...new Set(row.holdings.flatMap(({ poolId }) => poolId ?? []))],
    settings,
  );
  const prices = await readPrices(
    database,
    dataset,
    date,
    [...row.holdings.map(({ token }) => token), ...candidates.flatMap(({ tokens }) => tokens)],
    settings,
  );
  const { rows } = await database.query<{ poolId: string; apy: number }>(
    `select pool_id as "poolId", actual_apy as apy from pool_daily_metrics
      where dataset = $1 and date = $2 and actual_apy is not null`,
    [dataset, addDays(date, -1)],
  );
  const lastApy = new Map(rows.map(({ poolId, apy }) => [poolId, apy]));
  const { problem, untouched } = assembleProblem(
    date,
    parameters,
    gasUsd,
    row.holdings,
    candidates,
    prices,
    frozen,
  );
  const greedy: AllocationProblem = {
    ...problem,
    limits: { ...problem.limits, horizonDays: greedyHorizonDays },
    pools: problem.pools.map((pool) => ({ ...pool, apy: lastApy.get(pool.poolId) ?? pool.apy })),
  };
  const { plan } = await allocate(greedy, { timeLimitSeconds: parameters.solver_time_limit_seconds });
  const holdings = [
    ...plan.positions.map(({ poolId, token, amount }) => ({ poolId, token, amount })),
    ...untouched,
  ];
  return {
    ...row,
    ...worth(holdings, prices),
    costUsd: row.costUsd + dollarsOf(plan.gas + plan.conversionFees),
    decidedOn: date,
  };
}

async function valued(
  database: Database,
  { dataset, date }: DayOfPortfolio,
  settings: PoolSettings,
  holdings: Holding[],
): Promise<Pick<Compared, 'holdings' | 'valueUsd'>> {
  const tokens = holdings.map(({ token }) => token);
  return worth(holdings, await readPrices(database, dataset, date, tokens, settings));
}

function worth(
  holdings: Holding[],
  prices: ReadonlyMap<string, TokenPrice>,
): Pick<Compared, 'holdings' | 'valueUsd'> {
  const value = holdings.reduce(
    (sum, { token, amount }) => sum + valueOf(amount, prices.get(token)!.price),
    0n,
  );
  return { holdings, valueUsd: formatDollars(value) };
}

/** Replaces the day's rows. */
export async function storeComparisons(
  client: PoolClient,
  { dataset, portfolio, date }: DayOfPortfolio,
  compared: readonly Compared[],
): Promise<void> {
  await client.query(
    'delete from portfolio_comparisons where dataset = $1 and portfolio = $2 and date = $3',
    [dataset, portfolio, date],
  );
  for (const { rule, since, startUsd, valueUsd, costUsd, decidedOn, holdings } of compared) {
    const positions = holdings
      .filter(({ amount }) => amount > 0n)
      .map(({ poolId, token, amount }) => ({ poolId, token, amount: formatAmount(amount) }));
    await client.query(`insert into portfolio_comparisons values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, [
      ...[dataset, portfolio, date, rule, since, startUsd, valueUsd, costUsd.toFixed(6), decidedOn],
      JSON.stringify(positions),
    ]);
  }
}
