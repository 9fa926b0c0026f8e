/** What wallets hold at one block: approved tokens by address, positions by their share tokens. */
import type { Amount } from '../amounts.ts';
import type { Holding } from '../opening.ts';
import type { Address, Answer } from './calls.ts';

const amountDecimals = 18;

export interface TokenOnChain {
  symbol: string;
  address: Address;
}

export interface PoolOnChain {
  poolId: string;
  protocol: string | null;
  /** Its share token. */
  address: Address;
  /** The approved token that it is booked on. */
  token: TokenOnChain;
}

/** Answers of one wallet; all were asked at the same block. */
export interface WalletAnswers {
  wallet: Address;
  /** `balanceOf` by contract: tokens and share tokens. */
  balances: ReadonlyMap<Address, Answer>;
  /** `convertToAssets` of the balance by share token, asked where it is above 0. */
  assets: ReadonlyMap<Address, Answer>;
}

export interface OnChain {
  holdings: Holding[];
  /** What is odd and changes nothing. */
  warnings: string[];
  /** What is held and cannot be valued: a day that opens without it would decide on the wrong money. */
  unknown: string[];
}

/** Their share token counts the underlying token itself, one for one, and grows in place. */
const oneForOne: readonly string[] = ['aave-v3', 'sparklend', 'compound-v3'];

/**
 * Sums wallets. `decimals` by contract. A contract that is not there holds nothing; a balance that the node refused, or
 * a share that reverts and is not one for one, is unknown.
 */
export function holdingsOf(
  tokens: readonly TokenOnChain[],
  pools: readonly PoolOnChain[],
  decimals: ReadonlyMap<Address, Answer>,
  wallets: readonly WalletAnswers[],
): OnChain {
  const sums = new Map<string, Holding>();
  const found: OnChain = { holdings: [], warnings: [], unknown: [] };
  const shares = new Set(pools.map(({ address }) => address));
  for (const { wallet, balances, assets } of wallets) {
    for (const token of tokens) {
      if (shares.has(token.address)) continue; // a position, not idle money
      add(null, token, balanceOf(token.symbol, token.address, wallet, balances));
    }
    for (const pool of pools) {
      const name = `pool ${pool.poolId}`;
      const held = balanceOf(name, pool.address, wallet, balances);
      if (held > 0n) add(pool.poolId, pool.token, assetsOf(name, pool, held, assets));
    }
  }
  found.holdings = [...sums.values()].filter(({ amount }) => amount > 0n).sort(byPlace);
  return found;

  function balanceOf(
    name: string,
    contract: Address,
    wallet: Address,
    balances: WalletAnswers['balances'],
  ): bigint {
    const answer = balances.get(contract);
    if (answer?.kind === 'value') return answer.value;
    if (answer?.kind === 'nothing')
      found.warnings.push(`${name}: there is no contract at ${contract}; it counts 0`);
    else found.unknown.push(`${name}: the balance of ${wallet} is unknown (${reasonOf(answer)})`);
    return 0n;
  }

  function assetsOf(name: string, pool: PoolOnChain, held: bigint, assets: WalletAnswers['assets']): bigint {
    const answer = assets.get(pool.address);
    if (answer?.kind === 'value') return answer.value;
    const refused = answer === undefined || answer.kind === 'reverted' || answer.kind === 'nothing';
    if (refused && oneForOne.includes(pool.protocol ?? '')) return held;
    found.unknown.push(`${name}: ${held} shares of ${pool.address} cannot be valued (${reasonOf(answer)})`);
    return 0n;
  }

  function add(poolId: string | null, token: TokenOnChain, units: bigint): void {
    if (units === 0n) return;
    const answer = decimals.get(token.address);
    if (answer?.kind !== 'value' || answer.value > 77n) {
      found.unknown.push(
        `${token.symbol}: the decimals of ${token.address} are unknown (${reasonOf(answer)})`,
      );
      return;
    }
    const key = JSON.stringify([poolId, token.symbol]);
    const held = sums.get(key) ?? { poolId, token: token.symbol, amount: 0n };
    sums.set(key, { ...held, amount: held.amount + amountOfUnits(units, Number(answer.value)) });
  }
}

/** Base units as an amount: exact up to 18 decimals; below, rounded toward zero. */
export function amountOfUnits(units: bigint, decimals: number): Amount {
  return decimals <= amountDecimals
    ? units * 10n ** BigInt(amountDecimals - decimals)
    : units / 10n ** BigInt(decimals - amountDecimals);
}

function reasonOf(answer: Answer | undefined): string {
  if (answer === undefined) return 'it was not asked';
  if (answer.kind === 'nothing') return 'the contract gave nothing';
  return answer.kind === 'value' ? `it is ${answer.value}` : `${answer.kind}: ${answer.message}`;
}

function byPlace(a: Holding, b: Holding): number {
  const [x, y] = [`${a.poolId ?? ''} ${a.token}`, `${b.poolId ?? ''} ${b.token}`];
  return x < y ? -1 : Number(x > y);
}
