/** What the page says of the portfolio: the decision of the day, its positions, its transactions, its value over days. */
import type { Database } from '../../../../database/pool.ts';
import { queriesBeside } from '../../../../pages/sql.ts';
import type { Day } from '../../../../planning/days.ts';
import type { PoolGroup } from '../../../../pools/grouping.ts';

const readSql = queriesBeside(new URL('..', import.meta.url).href);

export interface Portfolio {
  name: string;
  /** Null where the day has no decision: it failed before, or is not there yet. */
  decision: Decision | null;
  /** The day whose decision is held; before the run date where that has none, null where there never was one. */
  heldSince: Day | null;
  positions: Position[];
  idle: IdleToken[];
  transactions: Transaction[];
  /** Oldest first, up to the run date. */
  equity: EquityDay[];
  /** What is held in tokens that are in the icebox on the run date. */
  boxed: BoxedHoldings;
  /** The portfolio and the rules it is held against; empty before the second day. */
  comparison: ComparedRule[];
}

/** What one rule brought since all began together: a share of 1 and dollars. */
export interface ComparedRule {
  rule: 'own' | 'held' | 'weekly';
  since: Day;
  return: number | null;
  costUsd: number;
}

/** Dollars; `idleUsd` is the part that lies in no pool. */
export interface BoxedHoldings {
  usd: number;
  idleUsd: number;
  tokens: string[];
}

export type DecisionStatus = 'optimal' | 'feasible' | 'infeasible' | 'failed';

/** One row of `allocations` with what surrounds it; dollars, percent points a year, gwei, seconds. */
export interface Decision {
  status: DecisionStatus;
  why: string | null;
  gap: number | null;
  stale: boolean;
  solver: string | null;
  candidates: number;
  variables: number;
  constraints: number;
  solveSeconds: number | null;
  horizonDays: number;
  poolsWanted: number;
  poolsHeld: number;
  previousDate: Day | null;
  ethPriceUsd: number | null;
  gasGwei: number | null;
  projectedApy: number | null;
  decidedAt: Date;
  objectiveUsd: number | null;
  valueBeforeUsd: number;
  valueAfterUsd: number;
  gasUsd: number;
  conversionUsd: number;
  costUsd: number;
  /** The value that the previous decision left, at its own day's prices. */
  previousValueUsd: number | null;
  priceChangeUsd: number | null;
  accruedUsd: number;
  flowUsd: number;
  allocatedBeforeUsd: number;
  /** Opening balances reckoned at 1.00 because their price is missing or stale. */
  pricesAssumed: number;
  allocatedUsd: number;
  idleUsd: number;
  transactions: number;
  depositedUsd: number;
  withdrawnUsd: number;
  convertedUsd: number;
}

export interface Position {
  poolId: string;
  symbol: string | null;
  protocol: string | null;
  group: PoolGroup | null;
  beforeUsd: number;
  afterUsd: number;
  /** The forecast that the position is reckoned with; null where there is none of the last three days. */
  apy: number | null;
  apyQ10: number | null;
  apyQ90: number | null;
  forecastOf: Day | null;
  /** Forecast, US dollars. */
  tvl: number | null;
}

export interface IdleToken {
  token: string;
  beforeUsd: number;
  afterUsd: number;
  amount: number;
  priceUsd: number;
}

export interface Transaction {
  step: number;
  operation: 'HOLD' | 'WITHDRAWAL' | 'CONVERSION' | 'ALLOCATION';
  from: string | null;
  to: string | null;
  fromSymbol: string | null;
  toSymbol: string | null;
  fromAsset: string;
  toAsset: string;
  amount: number;
  amountReceived: number;
  amountUsd: number;
  gasUsd: number;
  conversionUsd: number;
  costUsd: number;
}

export interface EquityDay {
  date: Day;
  status: DecisionStatus;
  stale: boolean;
  openingUsd: number;
  closingUsd: number;
  costUsd: number;
  accruedUsd: number;
  flowUsd: number;
}

const sql = {
  decision: readSql('allocation'),
  positions: readSql('positions'),
  idle: readSql('idle'),
  transactions: readSql('transactions'),
  equity: readSql('equity'),
  boxed: readSql('boxed'),
  comparison: readSql('comparison'),
};

/** A year of days: more would run together in a chart. */
const equityDays = 366;

export async function loadPortfolio(
  database: Database,
  run: { runId: string; dataset: string; date: Day | null },
  name: string,
): Promise<Portfolio> {
  const { runId, dataset, date } = run;
  const held = await database.query<{ day: Day | null }>(
    'select max(date) as day from allocations where dataset = $1 and portfolio = $2 and date <= $3',
    [dataset, name, date],
  );
  const heldSince = held.rows[0]?.day ?? null;
  const [decision, positions, idle, transactions, equity, boxed, comparison] = await Promise.all([
    database.query<Decision>(sql.decision, [dataset, date, name]),
    database.query<Position>(sql.positions, [dataset, date, name, heldSince]),
    database.query<IdleToken>(sql.idle, [dataset, date, name, heldSince]),
    database.query<Transaction>(sql.transactions, [runId, dataset]),
    database.query<EquityDay>(sql.equity, [dataset, date, name, equityDays]),
    database.query<BoxedHoldings>(sql.boxed, [dataset, date, name, heldSince]),
    database.query<ComparedRule>(sql.comparison, [dataset, date, name]),
  ]);
  return {
    name,
    decision: decision.rows[0] ?? null,
    heldSince,
    positions: positions.rows,
    idle: idle.rows,
    transactions: transactions.rows,
    equity: equity.rows.reverse(),
    boxed: boxed.rows[0]!,
    comparison: comparison.rows,
  };
}

/** What is held, in dollars. */
export function valueOf({ positions, idle }: Portfolio): { total: number; allocated: number; idle: number } {
  const allocated = sum(positions, ({ afterUsd }) => afterUsd);
  const unused = sum(idle, ({ afterUsd }) => afterUsd);
  return { total: allocated + unused, allocated, idle: unused };
}

/** What the holdings are expected to earn, from their forecasts; idle tokens earn nothing. */
export interface ExpectedYield {
  /** Dollar-weighted over everything, idle tokens included; percent points a year. */
  averageApy: number | null;
  dailyUsd: number;
  annualUsd: number;
  /** The same less the day's costs, spread over the horizon that the decision was made for. */
  netDailyUsd: number;
  netAnnualUsd: number;
}

export function expectedYield(portfolio: Portfolio): ExpectedYield {
  const { positions, decision } = portfolio;
  const { total } = valueOf(portfolio);
  const weighted = sum(positions, ({ afterUsd, apy }) => afterUsd * (apy ?? 0));
  const dailyUsd = weighted / 100 / 365;
  const costADay = decision === null ? 0 : decision.costUsd / decision.horizonDays;
  return {
    averageApy: total > 0 ? weighted / total : null,
    dailyUsd,
    annualUsd: dailyUsd * 365,
    netDailyUsd: dailyUsd - costADay,
    netAnnualUsd: (dailyUsd - costADay) * 365,
  };
}

/** Positions that the day opened and closed: held after and not before, and the other way round. */
export function changedPositions(positions: readonly Position[]): { opened: Position[]; closed: Position[] } {
  return {
    opened: positions.filter(({ beforeUsd, afterUsd }) => beforeUsd === 0 && afterUsd > 0),
    closed: positions.filter(({ beforeUsd, afterUsd }) => beforeUsd > 0 && afterUsd === 0),
  };
}

/**
 * What a dollar of the first day's opening would be worth: days linked by value after costs over the value before plus
 * the flow of the day, so that deposits and withdrawals are no return. Null before the first day.
 */
export function timeWeightedReturn(equity: readonly EquityDay[]): number | null {
  if (equity.length === 0) return null;
  return (
    equity.reduce((growth, day, i) => {
      const start = i === 0 ? day.openingUsd : equity[i - 1]!.closingUsd + day.flowUsd;
      return start > 0 ? growth * (day.closingUsd / start) : growth;
    }, 1) - 1
  );
}

export function sum<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}
