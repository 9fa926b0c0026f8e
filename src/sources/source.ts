import type { Day } from '../planning/days.ts';
import type { Address } from '../pools/portfolio/onchain/calls.ts';
import type { PoolSettings } from '../pools/settings.ts';
import type { Expected } from './answers.ts';
import type { Call } from './client.ts';
import type { SourceSettings } from './settings.ts';

export type SourceName =
  | 'llama-pools'
  | 'llama-charts'
  | 'llama-addresses'
  | 'llama-coins'
  | 'llama-blocks'
  | 'gas-bounds'
  | 'gas-blocks'
  | 'coinbase'
  | 'kraken'
  | 'nyfed'
  | 'treasury'
  | 'pendle'
  | 'coinmarketcap'
  | 'fred'
  | 'chain-calls'
  | 'chain-logs'
  | 'etherscan'
  | 'ethplorer';

/** One body that a day wants of a source. */
export interface Wanted {
  /** Which of the source's bodies; docs/live.md has the forms. */
  key: string;
  /** How it is asked for; the second is tried where the first keeps failing. */
  calls: readonly Call[];
  expected: Expected;
}

/** A pool as it was known before the day; addresses in lower case. */
export interface HeldPool {
  poolId: string;
  protocol: string | null;
  address: Address | null;
  tokens: Address[];
}

/** The block that all answers of a day are of. */
export interface Head {
  block: number;
  hash: string;
  /** Unix seconds. */
  timestamp: number;
}

/** What a source may look at when it says what a day wants of it. */
export interface DayInHand {
  day: Day;
  settings: SourceSettings;
  pools: PoolSettings;
  /** The accepted body of the day, unpacked; undefined where there is none. */
  body(source: SourceName, key: string): Promise<Buffer | undefined>;
  /** The digest of the accepted body of the day, which says whether a body was read before. */
  sha256(source: SourceName, key: string): Promise<string | undefined>;
  /** The newest accepted body of an earlier day. */
  earlierBody(source: SourceName, key: string): Promise<Buffer | undefined>;
  /** Approved tokens without prices of at least 30 days. */
  tokensWithoutHistory(): Promise<readonly string[]>;
  /** Pools that the portfolio holds, whatever the filters and the list of the day say. */
  poolsHeld(): Promise<readonly HeldPool[]>;
  /** Whose holdings are asked of the chain; none where the portfolio is kept in our own books alone. */
  wallets: readonly Address[];
  /** The newest day before whose holdings were taken from the chain, with its block. */
  chainBefore(): Promise<{ date: Day; head: Head } | undefined>;
  /** When each accepted body of the day was stored, by key. */
  storedAt(source: SourceName): Promise<ReadonlyMap<string, Date>>;
  /** What was answered last for keys of the day that have no accepted body. */
  problems(source: SourceName): Promise<ReadonlyMap<string, string>>;
}

/** One source: all that fetching must know about it. */
export interface LiveSource {
  name: SourceName;
  /** For people: what it brings. */
  brings: string;
  /** The day cannot do without it. */
  required: boolean;
  /** So large a share of its bodies may be missing on a day without blocking it. */
  mayLack?: number;
  /** It is wanted by a portfolio on the chain alone. */
  onChain?: boolean;
  /** An answer of so many days before may stand in for today's. */
  allowedDays: number;
  /** Its keys name a day, so that those of another day are never the same. */
  datedKeys?: boolean;
  /** Sources whose bodies say what is wanted of this one. */
  after: readonly SourceName[];
  /** The time it may take in all. */
  patienceMinutes: number;
  /** What a body holds and how new it is, in a few words, for `doctor`. */
  says(body: Buffer): string;
  /**
   * What the day wants, by what is stored of it so far: asked again after each body, so that pages can follow pages.
   * Throws CannotPlan where the bodies it needs are not there.
   */
  wanted(day: DayInHand): Promise<Wanted[]>;
}

/** The source cannot be asked, because another one that it hangs on has no body. */
export class CannotPlan extends Error {}

export function get(
  base: URL,
  path: string,
  query: Record<string, string> = {},
  headers?: Record<string, string>,
): Call {
  const url = new URL(base.pathname.replace(/\/+$/, '') + path, base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return { url, method: 'GET', ...(headers && { headers }) };
}

/** Midnight of a day, in Unix seconds. */
export function unixOf(day: Day): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}

/** The UTC day of a time in Unix seconds. */
export function dayOf(unix: number): Day {
  return new Date(unix * 1000).toISOString().slice(0, 10);
}

export function chunksOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}
