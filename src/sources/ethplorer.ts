/**
 * Ethplorer: transfers of the wallets, newest first, page by page back to the time of the books; only with a key, and where
 * there is none of Etherscan. It says seconds instead of blocks.
 */
import { brokenAt, gapsOf, readEthplorer } from '../pools/portfolio/onchain/transfers.ts';
import type { Transfer } from '../pools/portfolio/onchain/transfers.ts';
import type { Address } from '../pools/portfolio/onchain/calls.ts';
import type { SourceSettings } from './settings.ts';
import { CannotPlan, get } from './source.ts';
import type { DayInHand, LiveSource, Wanted } from './source.ts';
import { boundsOf, ofTheWallets, providerOfTransfers, unreadable } from './transfers.ts';
import type { Span, TransfersOfDay } from './transfers.ts';

/** The most rows that the key of everybody gets. */
const pageRows = 100;
/** Two requests a second are allowed, to the key of everybody 20 a minute. */
const everyMs = { own: 500, everybody: 3_000 };

export const ethplorer: LiveSource = {
  name: 'ethplorer',
  ...ofTheWallets,
  says: () => 'the key is accepted',
  async wanted(day) {
    const { ethplorerKey } = day.settings;
    if (ethplorerKey === undefined || providerOfTransfers(day.settings) !== 'ethplorer') return [];
    const span = await secondsOf(day);
    if (span === undefined) return [];
    const wanted: Wanted[] = [];
    for (const wallet of day.wallets) {
      for (const { before } of await pagesOf(day, wallet, span))
        wanted.push(pageOf(day.settings, wallet, before, ethplorerKey));
    }
    return wanted;
  },
};

/** How `doctor` asks whether the key is accepted: for what came before the first token. */
export function ethplorerProbe(settings: SourceSettings): Wanted[] {
  const [wallet] = settings.wallets;
  const { ethplorerKey } = settings;
  if (wallet === undefined || ethplorerKey === undefined) return [];
  return providerOfTransfers(settings) === 'ethplorer' ? [pageOf(settings, wallet, 1, ethplorerKey)] : [];
}

export async function storedByEthplorer(day: DayInHand): Promise<TransfersOfDay> {
  const found: TransfersOfDay = { pages: [], missing: [] };
  const span = await secondsOf(day);
  if (span === undefined) return found;
  for (const wallet of day.wallets) {
    const pages = await pagesOf(day, wallet, span);
    const stored = pages.flatMap(({ rows }) => (rows === undefined ? [] : [rows]));
    const broken = brokenAt(stored, null);
    const ranges = pages.flatMap(({ before, rows, isLast }) =>
      rows === undefined ? [] : [{ from: isLast ? span.from : rows.at(-1)!.timestamp! + 1, to: before - 1 }],
    );
    const gaps = broken === null ? gapsOf(ranges, span) : [{ from: span.from, to: broken }];
    const at = (second: number): string =>
      new Date(second * 1000).toISOString().slice(0, 19).replace('T', ' ');
    found.missing.push(...gaps.map(({ from, to }) => `those of ${wallet} from ${at(from)} to ${at(to)}`));
    found.pages.push(
      ...stored.map((rows) => rows.filter(({ timestamp: t }) => t! >= span.from && t! <= span.to)),
    );
  }
  return found;
}

interface Page {
  /** The second before which its rows are. */
  before: number;
  /** Undefined where it is not stored. */
  rows: Transfer[] | undefined;
  /** Nothing between the books and this page is left to ask for. */
  isLast: boolean;
}

/** From the newest, each beginning with the oldest second of the one before, down to the first that is not stored. */
async function pagesOf(day: DayInHand, wallet: Address, span: Span): Promise<Page[]> {
  const pages: Page[] = [];
  for (let before = span.to + 1; ;) {
    const body = await day.body('ethplorer', keyOf(wallet, before));
    const rows = body && readEthplorer(JSON.parse(body.toString('utf8')));
    const oldest = rows?.at(-1)?.timestamp ?? 0;
    // A page is not known to be the last by its length: what is no transfer of a token may be left out of it.
    const isLast = rows !== undefined && (oldest < span.from || oldest >= before - 1);
    pages.push({ before, rows, isLast });
    if (rows === undefined) return pages;
    if (isLast && rows.length >= pageRows && oldest === before - 1) {
      const at = new Date(oldest * 1000).toISOString();
      throw new CannotPlan(
        `the second ${at} has more transfers of ${wallet} than a page holds (${pageRows})`,
      );
    }
    if (isLast) return pages;
    before = oldest + 1;
  }
}

/** From after the block of the books to that of the day: each block has a second of its own. */
async function secondsOf(day: DayInHand): Promise<Span | undefined> {
  const bounds = await boundsOf(day);
  return bounds && { from: bounds.books.timestamp + 1, to: bounds.head.timestamp };
}

function keyOf(wallet: Address, before: number): string {
  return `${wallet}/${before}`;
}

function pageOf(
  { ethplorer: base }: SourceSettings,
  wallet: Address,
  before: number,
  apiKey: string,
): Wanted {
  const query = { apiKey, limit: String(pageRows), timestamp: String(before) };
  return {
    key: keyOf(wallet, before),
    calls: [
      {
        ...get(base, `/getAddressHistory/${wallet}`, query),
        everyMs: apiKey === 'freekey' ? everyMs.everybody : everyMs.own,
      },
    ],
    expected: { type: 'json', shape: (body) => shape(body, before), keyName: 'ETHPLORER_API_KEY' },
  };
}

function shape(body: unknown, before: number): string | undefined {
  let times: number[] = [];
  const wrong = unreadable(() => (times = readEthplorer(body).map(({ timestamp }) => timestamp!)));
  if (wrong !== undefined) return wrong;
  if (times.some((time) => time >= before)) return 'transfers of a later time';
  return times.every((time, i) => i === 0 || time <= times[i - 1]!) ? undefined : 'transfers out of order';
}
