/** Phase 2 for sources that cannot look at the chain: whether a pool may be used at all, and every reason why not. */
import type { Day } from '../planning/days.ts';
import { dollars, judgement } from './judgement.ts';
import type { Judgement } from './judgement.ts';
import { maturityOf } from './maturity.ts';
import type { PoolSettings } from './settings.ts';

export interface PoolToJudge {
  poolId: string;
  protocol: string | null;
  chain: string | null;
  symbol: string | null;
  /** Newest known, US dollars. */
  tvl: number | null;
  underlyingTokens: readonly string[];
  /** In the order of the tokens; '' where the source has none. */
  underlyingTokenAddresses: readonly string[];
  poolMeta: string | null;
}

export interface PoolJudgement extends Judgement {
  /**
   * The approved tokens it consists of, as the approved list spells them. Those of a Pendle pool are a subset: its other
   * underlyings are ignored.
   */
  approvedTokens: string[];
}

type Lists = Pick<PoolSettings, 'approvedTokens' | 'blacklistedTokens' | 'approvedProtocols'> & {
  parameters: Pick<PoolSettings['parameters'], 'pool_tvl_limit'>;
};

const approvedChain = 'Ethereum';
const pendle = 'pendle';

/** Judges all pools for a run date; the answer is in the order of their ids. */
export function prefilterPools(pools: readonly PoolToJudge[], settings: Lists, date: Day): PoolJudgement[] {
  return [...pools]
    .sort((a, b) => (a.poolId < b.poolId ? -1 : Number(a.poolId > b.poolId)))
    .map((pool) => prefilterPool(pool, settings, date));
}

/** Judges one pool. All checks run, so that the reasons are complete. */
export function prefilterPool(pool: PoolToJudge, settings: Lists, date: Day): PoolJudgement {
  const approvedTokens = approvedTokensOf(pool, settings);
  const found = [
    ...missingNames(pool),
    ...protocolReasons(pool, settings),
    ...chainReasons(pool),
    ...(pool.protocol === pendle ? pendleReasons(pool, approvedTokens) : tokenReasons(pool, settings)),
    ...blacklistReasons(pool, settings),
    ...maturityReasons(pool, date),
  ];
  return { ...judgement(pool.poolId, found), approvedTokens };
}

function missingNames(pool: PoolToJudge): string[] {
  const missing = (['protocol', 'chain', 'symbol'] as const).filter((name) => isBlank(pool[name]));
  return missing.length === 0 ? [] : [`nameless: the source gives no ${listed(missing)}`];
}

function protocolReasons(pool: PoolToJudge, { approvedProtocols }: Lists): string[] {
  if (isBlank(pool.protocol) || approvedProtocols.includes(pool.protocol)) return [];
  return [`protocol not approved: ${pool.protocol}${otherSpelling(pool.protocol, approvedProtocols)}`];
}

function chainReasons(pool: PoolToJudge): string[] {
  if (isBlank(pool.chain) || pool.chain === approvedChain) return [];
  return [`chain not ${approvedChain}: ${pool.chain}${otherSpelling(pool.chain, [approvedChain])}`];
}

/** Names are compared as they are written; one that differs in case, blanks or hyphens alone is most likely meant. */
function otherSpelling(name: string, approved: readonly string[]): string {
  const bare = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const meant = approved.find((each) => bare(each) === bare(name));
  return meant === undefined ? '' : ` (write "${meant}")`;
}

function tokenReasons(pool: PoolToJudge, settings: Lists): string[] {
  const tokens = tokensOf(pool);
  if (tokens.some((token) => token.address !== '')) {
    const approved = approvedSymbols(settings);
    return tokens
      .filter((token) => !approved.has(token.address))
      .map(
        ({ symbol, address }) => `token not approved: ${symbol} (${address === '' ? 'no address' : address})`,
      );
  }
  // A pool without a name has no token that could be named either: its own reason says all there is to say.
  if (tokens.length === 0 && missingNames(pool).length > 0) return [];
  const reasons: string[] = [];
  const limit = settings.parameters.pool_tvl_limit;
  if (pool.tvl !== null && pool.tvl < limit)
    reasons.push(`TVL below limit: ${dollars(pool.tvl)} of ${dollars(limit)}`);
  const named = tokens.map((token) => token.symbol).join(', ') || pool.symbol;
  reasons.push(`tokens not known to be approved: ${named} (the source gives no address)`);
  return reasons;
}

function pendleReasons(pool: PoolToJudge, approvedTokens: readonly string[]): string[] {
  if (approvedTokens.length > 0) return [];
  if (!/PT|LP/.test(pool.poolMeta ?? '')) {
    return [
      `Pendle pool neither PT nor LP: ${isBlank(pool.poolMeta) ? 'it has no description' : `"${pool.poolMeta}"`}`,
    ];
  }
  return [
    'Pendle pool needs a look at the chain: no approved token address is known, and this source cannot look',
  ];
}

function blacklistReasons(pool: PoolToJudge, { blacklistedTokens }: Lists): string[] {
  const blacklisted = new Set(blacklistedTokens.map((token) => token.toLowerCase()));
  const named = tokensOf(pool).map((token) => token.symbol);
  // Where the source lists no tokens, the pool's own symbol is all there is: `FRAX-USDE`.
  const symbols = named.length > 0 ? named : (pool.symbol ?? '').split('-');
  return symbols
    .filter((symbol) => blacklisted.has(symbol.trim().toLowerCase()))
    .map((symbol) => `token blacklisted: ${symbol.trim()}`);
}

/** Nobody pays interest from the day of maturity on, whatever the source still says of the pool. */
function maturityReasons(pool: PoolToJudge, date: Day): string[] {
  const maturity = maturityOfPool(pool);
  return maturity !== undefined && maturity <= date ? [`matured: on ${maturity}`] : [];
}

/** The day a fixed-term pool ends on, as far as its source says it in any of its words. */
export function maturityOfPool({
  symbol,
  poolMeta,
  protocol,
  underlyingTokens,
}: Pick<PoolToJudge, 'symbol' | 'poolMeta' | 'protocol' | 'underlyingTokens'>): Day | undefined {
  return maturityOf(protocol, symbol, poolMeta, ...underlyingTokens);
}

/** The approved tokens a pool consists of, as the approved list spells them. */
export function approvedTokensOf(pool: PoolToJudge, settings: Pick<Lists, 'approvedTokens'>): string[] {
  const approved = approvedSymbols(settings);
  const symbols = tokensOf(pool).map((token) => approved.get(token.address));
  return [...new Set(symbols.filter((symbol) => symbol !== undefined))];
}

/** Approved symbols by lower-case address: the same address is written in either case. */
function approvedSymbols({ approvedTokens }: Pick<Lists, 'approvedTokens'>): Map<string, string> {
  return new Map(
    approvedTokens.flatMap(({ symbol, address }) =>
      address === null ? [] : [[address.toLowerCase(), symbol]],
    ),
  );
}

/** Tokens and addresses side by side; where the lists differ in length, the other half is unknown. */
function tokensOf(pool: PoolToJudge): { symbol: string; address: string }[] {
  const count = Math.max(pool.underlyingTokens.length, pool.underlyingTokenAddresses.length);
  return Array.from({ length: count }, (_, i) => ({
    symbol: pool.underlyingTokens[i]?.trim() || 'unnamed',
    address: pool.underlyingTokenAddresses[i]?.trim().toLowerCase() ?? '',
  })).filter(({ symbol, address }) => symbol !== 'unnamed' || address !== '');
}

function isBlank(value: string | null): value is null {
  return value === null || value.trim() === '';
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
