/**
 * Transfers of the wallets since the day whose holdings our books have. They explain what changed; what is held is said by the
 * chain itself. One of three providers brings them: what all three share is here.
 */
import { gapsOf } from '../pools/portfolio/onchain/transfers.ts';
import type { Transfer } from '../pools/portfolio/onchain/transfers.ts';
import { headOf } from './chain.ts';
import { CannotPlan } from './source.ts';
import type { SourceSettings } from './settings.ts';
import type { DayInHand, Head, LiveSource, SourceName } from './source.ts';

/** Both ends included: blocks, or seconds where a provider does not say blocks. */
export interface Span {
  from: number;
  to: number;
}

export const ofTheWallets = {
  brings: 'transfers of the wallets',
  required: false,
  onChain: true,
  datedKeys: true,
  allowedDays: 0,
  after: ['chain-calls'],
  patienceMinutes: 30,
} satisfies Partial<LiveSource>;

/** An explorer where its key is set, else the logs of a node. */
export function providerOfTransfers({ etherscanKey, ethplorerKey }: SourceSettings): SourceName {
  if (etherscanKey !== undefined) return 'etherscan';
  return ethplorerKey === undefined ? 'chain-logs' : 'ethplorer';
}

/** The blocks of the books and of the day; undefined where the books have none yet, or it is not stored any more. */
export async function boundsOf(day: DayInHand): Promise<{ books: Head; head: Head } | undefined> {
  if (day.wallets.length === 0) return undefined;
  const before = await day.chainBefore();
  if (before === undefined) return undefined;
  const head = await headOf(day);
  if (head === undefined) throw new CannotPlan('the block of the day is not known');
  return { books: before.head, head };
}

/** From after the block of the books to the block of the day. */
export async function blocksOf(day: DayInHand): Promise<Span | undefined> {
  const bounds = await boundsOf(day);
  return bounds && { from: bounds.books.block + 1, to: bounds.head.block };
}

/** What moved, by the stored pages of a day. */
export interface TransfersOfDay {
  pages: Transfer[][];
  /** Whose transfers of which blocks or seconds are not stored, for people. */
  missing: string[];
}

/**
 * The stored pages of a source whose keys are `<lane>/<first block>-<last block>`, without what lies outside of the blocks. `read`
 * answers the rows of a page, and the last block that it has whole where that is not the one that was asked for.
 */
export async function storedByBlocks(
  day: DayInHand,
  source: SourceName,
  blocks: Span,
  lanes: readonly string[],
  read: (body: unknown) => { rows: Transfer[]; wholeTo?: number },
): Promise<TransfersOfDay> {
  const pages: Transfer[][] = [];
  const covered = new Map<string, Span[]>(lanes.map((lane) => [lane, []]));
  for (const key of (await day.storedAt(source)).keys()) {
    const [, lane, from, to] = /^(.+)\/(\d+)-(\d+)$/.exec(key) ?? [];
    const { rows, wholeTo } = read(JSON.parse((await day.body(source, key))!.toString('utf8')));
    pages.push(rows.filter(({ block }) => block! >= blocks.from && block! <= blocks.to));
    covered.get(lane!)?.push({ from: Number(from), to: wholeTo ?? Number(to) });
  }
  const missing = [...covered].flatMap(([lane, ranges]) =>
    gapsOf(ranges, blocks).map(({ from, to }) => `blocks of ${lane} ${from} to ${to}`),
  );
  return { pages, missing };
}

/** Why a page is not one, by reading it; undefined where it is. */
export function unreadable(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
