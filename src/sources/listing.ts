/** DefiLlama's list of a day, judged: read by several sources, and by each slice of the charts. */
import { prefilterPools } from '../pools/prefilter.ts';
import type { PoolToJudge } from '../pools/prefilter.ts';
import { protocolOf } from '../pools/renamed-protocols.ts';
import { isObject } from './answers.ts';
import { CannotPlan } from './source.ts';
import type { DayInHand } from './source.ts';

export interface ListedPool {
  poolId: string;
  /** By the name of our list, whatever it is called now. */
  protocol: string | null;
  onEthereum: boolean;
  /** Addresses of its tokens, lower case, in the provider's order. */
  tokens: string[];
  /** US dollars. */
  tvl: number;
  /** Its history is wanted: the pre-filter lets it through, or cannot say before it knows Pendle's markets. */
  wanted: boolean;
}

let newest: { of: string; pools: Promise<ListedPool[]> } | undefined;

/**
 * The pools of the day. A list of 18,000 takes a second to read and judge, and each slice of 200 charts asks twice: the
 * newest is remembered, by the bytes that it was read from and the settings that judged it.
 */
export async function listedPools(day: DayInHand): Promise<readonly ListedPool[]> {
  const sha256 = await day.sha256('llama-pools', 'pools');
  if (sha256 === undefined) throw new CannotPlan('the list of pools is not there');
  const of = JSON.stringify([sha256, day.day, day.pools]);
  if (newest?.of !== of) newest = { of, pools: readListing(day) };
  const { pools } = newest;
  // What failed must not be remembered.
  pools.catch(() => (newest = newest?.pools === pools ? undefined : newest));
  return pools;
}

async function readListing(day: DayInHand): Promise<ListedPool[]> {
  const body = await day.body('llama-pools', 'pools');
  if (body === undefined) throw new CannotPlan('the list of pools is not there');
  const seen = new Set<unknown>();
  const rows = rowsOf(JSON.parse(body.toString('utf8')))
    .filter(isObject)
    // As phase ingest does it, the first row of an id counts.
    .filter(({ pool }) => isPoolId(pool) && !seen.has(pool) && seen.add(pool));
  const pools = rows.map((row) => ({
    ...poolToJudge(row),
    protocol: protocolOf(row['project'], day.pools, day.day),
  }));
  const known = new Map(pools.map((pool) => [pool.poolId, pool]));
  return prefilterPools(pools, day.pools, day.day).map(({ poolId, passed, reason }) => {
    const { protocol, chain, tvl, underlyingTokens } = known.get(poolId)!;
    return {
      ...{ poolId, protocol, onEthereum: chain === 'Ethereum', tvl: tvl ?? 0 },
      tokens: underlyingTokens.map((each) => each.toLowerCase()),
      wanted: passed || hangsOnPendle(reason),
    };
  });
}

/** Whether its tokens are in Pendle's own list of markets, which is another source. */
function hangsOnPendle(reason: string | null): boolean {
  return reason !== null && /^Pendle pool needs a look at the chain[^;]*$/.test(reason);
}

/** An id becomes a step of an address and a key of a table: what cannot be either is no pool to ask about. */
function isPoolId(id: unknown): id is string {
  return typeof id === 'string' && /^[\x21-\x7e]{1,100}$/.test(id) && !/^\.+$/.test(id);
}

function poolToJudge(row: Record<string, unknown>): PoolToJudge & { underlyingTokens: string[] } {
  const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null);
  const tokens = Array.isArray(row['underlyingTokens'])
    ? row['underlyingTokens'].map((each) => (typeof each === 'string' ? each : ''))
    : [];
  return {
    poolId: text('pool')!,
    protocol: null,
    chain: text('chain'),
    symbol: text('symbol'),
    tvl: typeof row['tvlUsd'] === 'number' ? row['tvlUsd'] : null,
    underlyingTokens: tokens,
    underlyingTokenAddresses: tokens,
    poolMeta: text('poolMeta'),
  };
}

/** The rows of a list or a chart. */
export function rowsOf(body: unknown): unknown[] {
  return isObject(body) && Array.isArray(body['data']) ? (body['data'] as unknown[]) : [];
}
