/** What wallets hold when a day begins, from the stored answers of the chain, and how our books come to it. */
import type { Database } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';
import type { Day } from '../../planning/days.ts';
import { formatAmount, parseAmount } from '../../pools/portfolio/amounts.ts';
import { addressOf } from '../../pools/portfolio/onchain/calls.ts';
import type { Address, Answer } from '../../pools/portfolio/onchain/calls.ts';
import { holdingsOf } from '../../pools/portfolio/onchain/holdings.ts';
import type { PoolOnChain, WalletAnswers } from '../../pools/portfolio/onchain/holdings.ts';
import { reconcile } from '../../pools/portfolio/onchain/reconcile.ts';
import type { Reconciliation } from '../../pools/portfolio/onchain/reconcile.ts';
import { mergePages } from '../../pools/portfolio/onchain/transfers.ts';
import type { PortfolioSource } from '../../pools/portfolio/opened.ts';
import type { Balance, Holding } from '../../pools/portfolio/opening.ts';
import { questionId, readChainDay } from '../../sources/chain.ts';
import type { ChainDay } from '../../sources/chain.ts';
import type { DayInHand } from '../../sources/source.ts';
import { readTransfers } from '../../sources/stored-transfers.ts';

/** What the page says of the chain; a part of the detail of phase filter. */
export interface OnChainDetail {
  block: number;
  /** UTC, to the second. */
  at: string;
  wallets: readonly Address[];
  /** The day whose balances are the books; null on the first. */
  booksOf: Day | null;
  transfers: number;
  /** Why the books could not be held against the chain; null where they were. */
  unreconciled: string | null;
  unexplained: { token: string; amount: string }[];
  lookAlikes: { token: Address; hash: string; symbol: string | null }[];
}

const shownLookAlikes = 20;
const shownUnknown = 3;

/** Balances are the chain's, at one block; carried is what our books had on the day before, moved and earned the rest. */
export function onchainPortfolio(day: DayInHand): PortfolioSource {
  return {
    async open(database, { dataset, date }) {
      const chain = await readChainDay(day);
      if (chain === undefined) {
        throw new Failure(
          'InvalidInput',
          `What the wallets held on ${date} was not asked of the chain on that day, and what they hold now is not what they held then. Run today, or a day with portfolio "onchain" before.`,
        );
      }
      const books = await readBooks(database, dataset, date);
      const { pools, unbooked } = bookedOn(chain);
      const booked = new Set(books?.holdings.flatMap(({ poolId }) => poolId ?? []));
      const { holdings, warnings, unknown } = holdingsOf(
        chain.tokens,
        pools,
        new Map(chain.tokens.map(({ address }) => [address, answerTo(chain, questionId.decimals(address))])),
        day.wallets.map((wallet) => answersOf(chain, pools, booked, wallet)),
      );
      const asked = new Set(pools.map(({ poolId }) => poolId));
      const lost = [...booked].filter((poolId) => !asked.has(poolId));
      const unlisted = lost.map((poolId) => `pool ${poolId}: nobody says any more what its share token is`);
      refuseUnknown([...unbooked, ...unlisted, ...unknown], chain, day.wallets);
      if (holdings.length === 0) {
        throw new Failure(
          'InvalidInput',
          `The wallets (${day.wallets.join(', ')}) hold no approved token and no position at block ${chain.head.block}: there is nothing to allocate. Check SEVENFOLD_WALLETS.`,
        );
      }
      const found = await reconciled(day, { ...chain, pools }, books, holdings);
      const detail: OnChainDetail = {
        block: chain.head.block,
        at: new Date(chain.head.timestamp * 1000).toISOString().slice(0, 19).replace('T', ' '),
        wallets: day.wallets,
        booksOf: books?.date ?? null,
        transfers: found.transfers,
        unreconciled: found.unreconciled,
        unexplained: found.unexplained.map(({ token, amount }) => ({ token, amount: formatAmount(amount) })),
        lookAlikes: found.lookAlikes.slice(0, shownLookAlikes).map(({ token, hash, symbol }) => {
          return { token, hash, symbol: symbol?.slice(0, 40) ?? null };
        }),
      };
      return {
        openedWith: books?.date ?? null,
        balances: found.balances,
        warnings: [...warnings, ...remarksOn(found)],
        detail: { onchain: detail },
      };
    },
  };
}

type Reconciled = Reconciliation & { transfers: number; unreconciled: string | null };

/** On the first day nothing was booked, and all that is there came before; over a gap of blocks nobody knows what moved. */
async function reconciled(
  day: DayInHand,
  chain: ChainDay,
  books: Books | undefined,
  holdings: readonly Holding[],
): Promise<Reconciled> {
  const found = await readTransfers(day);
  const booked = books?.holdings ?? [];
  const without = (why: string | null): Reconciled => ({
    ...{ balances: asFlows(booked, holdings), unexplained: [], lookAlikes: [] },
    ...{ transfers: 0, unreconciled: why },
  });
  if (books === undefined) return without(null);
  if (found === undefined) return without(`the block of ${books.date} is not stored any more`);
  const { pages, missing } = found;
  if (missing.length > 0) return without(`transfers are missing: ${missing.slice(0, 3).join(', ')}`);
  const transfers = mergePages(pages);
  const decimals = new Map(
    chain.tokens.flatMap(({ address }) => {
      const answer = answerTo(chain, questionId.decimals(address));
      return answer?.kind === 'value' ? [[address, Number(answer.value)] as const] : [];
    }),
  );
  const { tokens, pools } = chain;
  const reconciliation = reconcile({
    ...{ wallets: day.wallets, tokens, pools, decimals, booked, chain: holdings, transfers },
  });
  return { ...reconciliation, transfers: transfers.length, unreconciled: null };
}

/** What is there is what was booked and what must have come or gone. */
function asFlows(booked: readonly Holding[], holdings: readonly Holding[]): Balance[] {
  const rows = new Map<string, Balance>();
  const row = ({ poolId, token }: Holding): Balance => {
    const key = JSON.stringify([poolId ?? '', token]);
    const known = rows.get(key) ?? { poolId, token, carried: 0n, accrued: 0n, flow: 0n };
    rows.set(key, known);
    return known;
  };
  for (const each of booked) row(each).carried += each.amount;
  for (const each of holdings) row(each).flow += each.amount;
  for (const each of booked) row(each).flow -= each.amount;
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, balance]) => balance);
}

interface Books {
  date: Day;
  holdings: Holding[];
}

/** What the wallets held on the newest day before: the chain's word of that day. */
async function readBooks(database: Database, dataset: string, date: Day): Promise<Books | undefined> {
  const { rows } = await database.query<{ date: Day; poolId: string | null; token: string; amount: string }>(
    `select date, pool_id as "poolId", token_symbol as token, unallocated_balance + allocated_balance as amount
       from daily_balances
      where dataset = $1 and portfolio = 'onchain'
        and date = (select max(date) from daily_balances where dataset = $1 and portfolio = 'onchain' and date < $2)
      order by pool_id nulls first, token_symbol`,
    [dataset, date],
  );
  return rows[0] === undefined
    ? undefined
    : {
        date: rows[0].date,
        holdings: rows
          .map(({ poolId, token, amount }) => ({ poolId, token, amount: parseAmount(amount) }))
          .filter(({ amount }) => amount > 0n),
      };
}

/** A vault says itself what it pays out: its word goes before the list's, and a token nobody approved cannot be booked. */
function bookedOn(chain: ChainDay): { pools: PoolOnChain[]; unbooked: string[] } {
  const tokens = new Map(chain.tokens.map((token) => [token.address, token]));
  const unbooked: string[] = [];
  const pools = chain.pools.map((pool) => {
    const answer = chain.answers.get(questionId.asset(pool.address));
    if (answer?.kind !== 'value') return pool;
    const asset = addressOf(answer.value);
    const token = asset === undefined ? undefined : tokens.get(asset);
    if (token === undefined)
      unbooked.push(`pool ${pool.poolId}: its share ${pool.address} pays out ${asset}, no approved token`);
    return token === undefined ? pool : { ...pool, token };
  });
  return { pools, unbooked };
}

function answersOf(
  chain: ChainDay,
  pools: readonly PoolOnChain[],
  booked: ReadonlySet<string>,
  wallet: Address,
): WalletAnswers {
  const balances = new Map<Address, Answer>();
  const assets = new Map<Address, Answer>();
  // What is no token has no balances: the list has such addresses for some pools. Where our books hold something, it was one.
  const mayBeNoToken = new Set(
    pools.filter(({ poolId }) => !booked.has(poolId)).map(({ address }) => address),
  );
  for (const { address } of [...chain.tokens, ...pools]) {
    const balance = answerTo(chain, questionId.balanceOf(address, wallet));
    const isNoToken =
      mayBeNoToken.has(address) && (balance.kind === 'reverted' || balance.kind === 'nothing');
    balances.set(address, isNoToken ? { kind: 'value', value: 0n } : balance);
    const worth = chain.answers.get(questionId.convertToAssets(address, wallet));
    if (worth !== undefined) assets.set(address, worth);
  }
  return { wallet, balances, assets };
}

function answerTo(chain: ChainDay, id: string): Answer {
  return chain.answers.get(id) ?? { kind: 'failed', message: 'it was not asked' };
}

function refuseUnknown(unknown: readonly string[], { head }: ChainDay, wallets: readonly Address[]): void {
  if (unknown.length === 0) return;
  const more = unknown.length > shownUnknown ? `; and ${unknown.length - shownUnknown} more` : '';
  throw new Failure(
    'InvalidInput',
    `What ${wallets.length === 1 ? 'the wallet holds' : 'the wallets hold'} at block ${head.block} cannot be told: ${unknown.slice(0, shownUnknown).join('; ')}${more}. Nothing is decided about money that is not known.`,
  );
}

function remarksOn({ unexplained, lookAlikes, unreconciled }: Reconciled): string[] {
  return [
    ...(unreconciled === null ? [] : [`the books were not held against the chain: ${unreconciled}`]),
    ...unexplained.map(
      ({ token, amount }) =>
        `${formatAmount(amount)} ${token} are explained by no transfer: the chain is right`,
    ),
    ...(lookAlikes.length === 0
      ? []
      : [
          `${lookAlikes.length} ${lookAlikes.length === 1 ? 'transfer' : 'transfers'} of tokens that only call themselves by an approved name: not counted`,
        ]),
  ];
}
