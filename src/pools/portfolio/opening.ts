/**
 * What a paper portfolio holds when a day begins: what the allocation before left, with the yield of each day since and
 * the deposits and withdrawals since.
 */
import { Failure } from '../../failures.ts';
import { addDays } from '../../planning/days.ts';
import type { Day } from '../../planning/days.ts';
import { formatAmount, parseAmount } from './amounts.ts';
import type { Amount } from './amounts.ts';

export interface Holding {
  /** null is the wallet. */
  poolId: string | null;
  token: string;
  amount: Amount;
}

export interface Flow {
  /** From transactions.csv. */
  line: number;
  date: Day;
  token: string;
  amount: Amount;
  direction: 'in' | 'out';
}

/** A holding as the day finds it: carried + accrued + flow. */
export interface Balance {
  poolId: string | null;
  token: string;
  carried: Amount;
  accrued: Amount;
  flow: Amount;
}

export interface Opening {
  balances: Balance[];
  /** Pools and days whose APY is unknown: they count 0. */
  withoutApy: { poolId: string; date: Day }[];
}

/** What the first day of a paper portfolio opens with. */
export const firstDeposit = { token: 'USDC', amount: parseAmount('1000000') };

/** The first day: the opening deposit and whatever transactions.csv has up to the day before. */
export function openFirst(flows: readonly Flow[]): Opening {
  const book = new Map<string, Balance>();
  balanceOf(book, null, firstDeposit.token).flow += firstDeposit.amount;
  for (const flow of inOrder(flows)) post(book, flow);
  return { balances: sorted(book), withoutApy: [] };
}

/**
 * Every other day. Each day from `previous` to the day before `date` first earns its yield (amount × APY / 100 / 365;
 * `apyOf` gives percent points), then has its deposits and withdrawals.
 */
export function openNext(
  { previous, date }: { previous: Day; date: Day },
  holdings: readonly Holding[],
  flows: readonly Flow[],
  apyOf: (poolId: string, date: Day) => number | undefined,
): Opening {
  const book = new Map<string, Balance>();
  for (const { poolId, token, amount } of holdings) balanceOf(book, poolId, token).carried += amount;
  const withoutApy: Opening['withoutApy'] = [];
  const ordered = inOrder(flows);
  for (let day = previous; day < date; day = addDays(day, 1)) {
    const unknown = new Set<string>();
    for (const balance of book.values()) {
      if (balance.poolId === null || total(balance) === 0n) continue;
      const apy = apyOf(balance.poolId, day);
      if (apy === undefined) unknown.add(balance.poolId);
      else balance.accrued += yieldOfDay(total(balance), apy);
    }
    withoutApy.push(...[...unknown].sort().map((poolId) => ({ poolId, date: day })));
    for (const flow of ordered) if (flow.date === day) post(book, flow);
  }
  return { balances: sorted(book), withoutApy };
}

/** Exact for an APY of up to 12 decimals; rounded toward zero in the last of the 18 decimals of an amount. */
function yieldOfDay(amount: Amount, apy: number): Amount {
  const rate = parseAmount(apy.toFixed(12));
  const earned = (amount * rate) / (100n * 365n * 10n ** 18n);
  // An APY of less than -36,500 % would make a position negative.
  return earned < -amount ? -amount : earned;
}

/** A day has no clock: what comes in on it is there for what goes out on it. */
function inOrder(flows: readonly Flow[]): Flow[] {
  const key = ({ date, direction }: Flow) => `${date} ${direction}`;
  return [...flows].sort((a, b) => (key(a) === key(b) ? a.line - b.line : key(a) < key(b) ? -1 : 1));
}

/**
 * Books a deposit into the wallet; a withdrawal takes the wallet's tokens first, then those in pools, the largest
 * position first: whoever takes money out does not know where the portfolio has put it.
 */
function post(book: Map<string, Balance>, { line, date, token, amount, direction }: Flow): void {
  if (direction === 'in') {
    balanceOf(book, null, token).flow += amount;
    return;
  }
  const ofToken = [...book.values()].filter((balance) => balance.token === token);
  const there = ofToken.reduce((sum, balance) => sum + total(balance), 0n);
  if (there < amount) {
    throw new Failure(
      'InvalidInput',
      `transactions.csv line ${line}: ${formatAmount(amount)} ${token} go out on ${date}, but the portfolio holds ` +
        `${formatAmount(there)} ${token} then. Correct the file; nothing was written.`,
    );
  }
  let due = amount;
  for (const balance of ofToken.sort(walletThenLargest)) {
    const taken = total(balance) < due ? total(balance) : due;
    balance.flow -= taken;
    due -= taken;
  }
}

function walletThenLargest(a: Balance, b: Balance): number {
  if ((a.poolId === null) !== (b.poolId === null)) return a.poolId === null ? -1 : 1;
  if (total(a) !== total(b)) return total(a) > total(b) ? -1 : 1;
  return (a.poolId ?? '') < (b.poolId ?? '') ? -1 : 1;
}

export function total({ carried, accrued, flow }: Balance): Amount {
  return carried + accrued + flow;
}

function balanceOf(book: Map<string, Balance>, poolId: string | null, token: string): Balance {
  const key = keyOf(poolId, token);
  let balance = book.get(key);
  if (balance === undefined) {
    balance = { poolId, token, carried: 0n, accrued: 0n, flow: 0n };
    book.set(key, balance);
  }
  return balance;
}

function keyOf(poolId: string | null, token: string): string {
  return JSON.stringify([poolId ?? '', token]);
}

function sorted(book: Map<string, Balance>): Balance[] {
  return [...book].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, balance]) => balance);
}
