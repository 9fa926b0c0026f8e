/** Transfers of tokens to and from wallets, as Etherscan, Ethplorer and a node's logs tell them, page by page. */
import { Failure } from '../../../failures.ts';
import { clipped, objectOf, parseAddress, parseQuantity } from './calls.ts';
import type { Address } from './calls.ts';

export interface Transfer {
  hash: string;
  /** null where the provider does not say it (Ethplorer). */
  block: number | null;
  /** Unix seconds; null where the provider does not say it (logs of older nodes). */
  timestamp: number | null;
  token: Address;
  /** What the token calls itself: to look at, never to match by. */
  symbol: string | null;
  from: Address;
  to: Address;
  /** Base units. */
  value: bigint;
  /** Only logs number the events of a block. */
  logIndex: number | null;
  /** False for an approval: it moves nothing, but holds pages together. */
  moves: boolean;
}

/** The event of every ERC-20 transfer. */
export const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

/** A page of Etherscan's or Blockscout's `tokentx`. "No transactions found" is an empty page, other errors throw. */
export function readEtherscan(body: unknown): Transfer[] {
  const { status, message, result } = objectOf(body);
  if (status !== '1' && message !== 'No transactions found') {
    const words = clipped(result ?? message);
    // "Invalid API Key" may be mere throttling (its reports): whoever asks tries it once more
    throw new Failure(/rate limit/i.test(words) ? 'QuotaExceeded' : 'InvalidInput', `Etherscan: ${words}`);
  }
  return rowsOf('Etherscan', result).map((row) =>
    transfer('Etherscan', row, {
      hash: row['hash'],
      block: wholeNumber(row['blockNumber']),
      timestamp: wholeNumber(row['timeStamp']),
      token: row['contractAddress'],
      symbol: row['tokenSymbol'],
      value: decimalOf(row['value']),
      logIndex: null,
      moves: true,
    }),
  );
}

/** A page of Ethplorer's `getAddressHistory`: its events, newest first. */
export function readEthplorer(body: unknown): Transfer[] {
  const { operations, error } = objectOf(body);
  if (error !== undefined && error !== null)
    throw new Failure('InvalidInput', `Ethplorer: ${clipped(objectOf(error)['message'])}`);
  return rowsOf('Ethplorer', operations).map((row) => {
    const token = objectOf(row['tokenInfo']);
    return transfer('Ethplorer', row, {
      hash: row['transactionHash'],
      block: null,
      timestamp: wholeNumber(row['timestamp']),
      token: token['address'],
      symbol: token['symbol'],
      value: decimalOf(row['value']),
      logIndex: null,
      moves: row['type'] !== 'approve',
    });
  });
}

/**
 * Logs of ERC-20 transfers (`eth_getLogs`); those that a reorganisation removed are left out, and so is what bears the same
 * name and moves no amount: tokens of which each is one of a kind (four topics), contracts that send anything to anybody.
 */
export function readLogs(body: unknown): Transfer[] {
  const { result, error } = objectOf(body);
  if (error !== undefined && error !== null)
    throw new Failure('Infrastructure', `the node: ${clipped(objectOf(error)['message'])}`);
  return rowsOf('the node', result)
    .filter(({ removed, topics }) => removed !== true && Array.isArray(topics) && topics[0] === transferTopic)
    .filter(({ topics, data }) => (topics as unknown[]).length === 3 && !isOtherData(data))
    .map((row) => {
      const topics = row['topics'] as unknown[];
      const [from, to] = [topics[1], topics[2]].map((topic) => addressInTopic(topic));
      return transfer(
        'the node',
        { from, to },
        {
          hash: row['transactionHash'],
          block: numberOf(row['blockNumber']),
          timestamp: numberOf(row['blockTimestamp']),
          token: row['address'],
          symbol: null,
          value: parseQuantity(row['data']),
          logIndex: numberOf(row['logIndex']),
          moves: true,
        },
      );
    });
}

/**
 * What moved according to all pages, oldest first. A page begins where the one before ended, so what stands at the boundary
 * comes twice. Logs are known by their number. Without numbers, two equal events of one transaction are two if one page
 * has both. Within a transaction the order is ours: providers list it in either direction.
 */
export function mergePages(pages: readonly (readonly Transfer[])[]): Transfer[] {
  const most = new Map<string, Transfer[]>();
  for (const page of pages) {
    const here = new Map<string, Transfer[]>();
    for (const each of page.filter(({ moves }) => moves)) {
      const identity = identityOf(each);
      // a numbered event is one, however often a page has it
      if (each.logIndex === null) here.set(identity, [...(here.get(identity) ?? []), each]);
      else here.set(identity, [each]);
    }
    for (const [identity, found] of here)
      if (found.length > (most.get(identity)?.length ?? 0)) most.set(identity, found);
  }
  return [...most.values()].flat().sort(byPlace);
}

function byPlace(a: Transfer, b: Transfer): number {
  const apart = placeOf(a) - placeOf(b) || (a.logIndex ?? 0) - (b.logIndex ?? 0);
  return apart || (identityOf(a) < identityOf(b) ? -1 : Number(identityOf(a) > identityOf(b)));
}

/**
 * The blocks from `from` to `to` that no range covers, both ends included: what a log's page size or a failed request left
 * out. A portfolio is not reconciled over a gap.
 */
export function gapsOf(
  ranges: readonly { from: number; to: number }[],
  { from, to }: { from: number; to: number },
): { from: number; to: number }[] {
  const gaps: { from: number; to: number }[] = [];
  let next = from;
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    if (range.from > next) gaps.push({ from: next, to: Math.min(range.from - 1, to) });
    next = Math.max(next, range.to + 1);
    if (next > to) break;
  }
  if (next <= to) gaps.push({ from: next, to });
  return gaps.filter((gap) => gap.from <= gap.to);
}

/**
 * Whether the pages, newest first, hang together down to the last transfer that is known: each must share its oldest event
 * with the next one. Returns the Unix second below which something may be missing; null where nothing is.
 */
export function brokenAt(pages: readonly (readonly Transfer[])[], known: Transfer | null): number | null {
  const filled = pages.filter((page) => page.length > 0);
  for (let i = 0; i + 1 < filled.length; i++) {
    const oldest = filled[i]!.at(-1)!;
    if (!filled[i + 1]!.some((other) => identityOf(other) === identityOf(oldest)))
      return oldest.timestamp ?? 0;
  }
  if (known === null) return null;
  const reached = filled.flat().some((each) => identityOf(each) === identityOf(known));
  return reached ? null : (filled.at(-1)?.at(-1)?.timestamp ?? known.timestamp ?? 0);
}

function identityOf({ hash, token, from, to, value, logIndex }: Transfer): string {
  return logIndex === null ? [hash, token, from, to, value].join('/') : `${hash}#${logIndex}`;
}

function placeOf({ block, timestamp }: Transfer): number {
  return block ?? timestamp ?? 0;
}

type Found = Record<'hash' | 'token' | 'symbol', unknown> &
  Pick<Transfer, 'block' | 'timestamp' | 'logIndex' | 'moves'> & { value: bigint | undefined };

function transfer(provider: string, row: Record<string, unknown>, found: Found): Transfer {
  const [from, to, token] = [row['from'], row['to'], found.token].map(parseAddress);
  const { hash, value, symbol } = found;
  if (
    !from ||
    !to ||
    !token ||
    value === undefined ||
    typeof hash !== 'string' ||
    placeOf(found as Transfer) === 0
  )
    throw new Failure('Infrastructure', `${provider}: this is no transfer: ${clipped(row)}`);
  return { ...found, hash, from, to, token, value, symbol: typeof symbol === 'string' ? symbol : null };
}

function rowsOf(provider: string, rows: unknown): Record<string, unknown>[] {
  if (!Array.isArray(rows))
    throw new Failure('Infrastructure', `${provider}: expected rows, found ${clipped(rows)}`);
  return (rows as unknown[]).map(objectOf);
}

/** Whole bytes, but not the one word of an amount. */
function isOtherData(data: unknown): boolean {
  return typeof data === 'string' && /^0x([0-9a-f]{2})*$/i.test(data) && data.length !== 2 + 64;
}

function addressInTopic(topic: unknown): Address | undefined {
  const found = typeof topic === 'string' ? /^0x0{24}([0-9a-f]{40})$/i.exec(topic) : null;
  return parseAddress(`0x${found?.[1] ?? ''}`);
}

function wholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

function numberOf(value: unknown): number | null {
  const quantity = parseQuantity(value);
  return quantity === undefined || quantity > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(quantity);
}

/** Base units as decimal text. A JSON number of more than 53 bits has lost its last digits already. */
function decimalOf(value: unknown): bigint | undefined {
  if (typeof value === 'string' && /^\d{1,78}$/.test(value)) return BigInt(value);
  return Number.isSafeInteger(value) && (value as number) >= 0 ? BigInt(value as number) : undefined;
}
