/** Our own books against the chain: what was carried, what came and went, what was earned, what nobody can explain. */
import { Failure } from '../../../failures.ts';
import type { Amount } from '../amounts.ts';
import type { Balance, Holding } from '../opening.ts';
import type { Address } from './calls.ts';
import { zeroAddress } from './calls.ts';
import { amountOfUnits } from './holdings.ts';
import type { PoolOnChain, TokenOnChain } from './holdings.ts';
import type { Transfer } from './transfers.ts';

export interface Reconciliation {
  /** carried + accrued + flow is what the chain says, to the last unit. */
  balances: Balance[];
  /** Money of the wallet that neither the books nor a transfer explain. */
  unexplained: { token: string; amount: Amount }[];
  /** Transfers of other contracts that call themselves by an approved name. */
  lookAlikes: Transfer[];
}

/** Where the money of the day was and is. `booked` is what our books hold, `chain` what the wallets hold at the block. */
export interface DayOnChain {
  wallets: readonly Address[];
  tokens: readonly TokenOnChain[];
  pools: readonly PoolOnChain[];
  /** By address of an approved token. */
  decimals: ReadonlyMap<Address, number>;
  booked: readonly Holding[];
  chain: readonly Holding[];
  /** From after the block of the books to the block of the chain, without gaps. */
  transfers: readonly Transfer[];
}

/**
 * A wallet's token explains itself by its transfers: what is left over is unexplained and shown. A pool's position explains
 * itself by what moved into and out of it: what is left over was earned (or lost) there.
 */
export function reconcile(day: DayOnChain): Reconciliation {
  const { flows, lookAlikes } = flowsOf(day);
  const rows = new Map<string, Balance>();
  const chain = new Map<string, Amount>();
  const row = (poolId: string | null, token: string): Balance => {
    const key = JSON.stringify([poolId ?? '', token]);
    const known = rows.get(key) ?? { poolId, token, carried: 0n, accrued: 0n, flow: 0n };
    rows.set(key, known);
    return known;
  };
  for (const { poolId, token, amount } of day.booked) row(poolId, token).carried += amount;
  for (const { poolId, token, amount } of flows) row(poolId, token).flow += amount;
  for (const { poolId, token, amount } of day.chain) {
    row(poolId, token);
    chain.set(JSON.stringify([poolId ?? '', token]), amount);
  }
  const unexplained: Reconciliation['unexplained'] = [];
  for (const [key, balance] of rows) {
    const rest = (chain.get(key) ?? 0n) - balance.carried - balance.flow;
    if (balance.poolId !== null) balance.accrued = rest;
    else if (rest !== 0n) {
      balance.flow += rest;
      unexplained.push({ token: balance.token, amount: rest });
    }
  }
  const balances = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, balance]) => balance);
  return { balances, unexplained, lookAlikes };
}

/**
 * Movements of approved tokens by address, a transaction at a time: one in which a wallet gets or gives a pool's share
 * token moves money into or out of that pool, through whatever router it went; so does one with the pool's own address.
 */
function flowsOf({ wallets, tokens, pools, decimals, transfers }: DayOnChain): {
  flows: Holding[];
  lookAlikes: Transfer[];
} {
  const own = new Set(wallets);
  const tokenAt = new Map(tokens.map((token) => [token.address, token]));
  const poolAt = new Map(pools.map((pool) => [pool.address, pool]));
  const names = new Set(tokens.map(({ symbol }) => symbol.toLowerCase()));
  const touches = ({ from, to }: Transfer) => own.has(from) !== own.has(to);
  const poolOf = new Map<string, PoolOnChain>();
  for (const each of transfers) {
    const pool = poolAt.get(each.token);
    if (pool !== undefined && touches(each)) poolOf.set(each.hash, pool);
  }
  const decimalsOf = ({ symbol, address }: TokenOnChain): number => {
    const known = decimals.get(address);
    if (known === undefined)
      throw new Failure('Infrastructure', `${symbol}: the decimals of ${address} are unknown`);
    return known;
  };
  const flows: Holding[] = [];
  const lookAlikes: Transfer[] = [];
  for (const each of transfers) {
    const token = tokenAt.get(each.token);
    if (token === undefined) {
      if (!poolAt.has(each.token) && names.has((each.symbol ?? '').toLowerCase())) lookAlikes.push(each);
      continue;
    }
    if (!touches(each) || poolAt.has(each.token)) continue;
    const sign = own.has(each.to) ? 1n : -1n;
    const amount = sign * amountOfUnits(each.value, decimalsOf(token));
    const other = own.has(each.to) ? each.from : each.to;
    flows.push({ poolId: null, token: token.symbol, amount });
    const pool = poolAt.get(other) ?? (other === zeroAddress ? undefined : poolOf.get(each.hash));
    if (pool?.token.address === each.token)
      flows.push({ poolId: pool.poolId, token: token.symbol, amount: -amount });
  }
  return { flows, lookAlikes };
}
