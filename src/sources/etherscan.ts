/** Etherscan: transfers of the wallets, page by page from the block of the books; only with a key. */
import { readEtherscan } from '../pools/portfolio/onchain/transfers.ts';
import type { Transfer } from '../pools/portfolio/onchain/transfers.ts';
import type { Address } from '../pools/portfolio/onchain/calls.ts';
import { objectOf } from '../pools/portfolio/onchain/calls.ts';
import type { Trouble } from './answers.ts';
import type { SourceSettings } from './settings.ts';
import { CannotPlan, get } from './source.ts';
import type { DayInHand, LiveSource, Wanted } from './source.ts';
import { blocksOf, ofTheWallets, storedByBlocks, unreadable } from './transfers.ts';
import type { Span, TransfersOfDay } from './transfers.ts';

/** The most rows that a free key gets. */
const pageRows = 1_000;
/** Three requests a second are allowed. */
const everyMs = 350;

export const etherscan: LiveSource = {
  name: 'etherscan',
  ...ofTheWallets,
  says: () => 'the key is accepted',
  async wanted(day) {
    const { etherscanKey } = day.settings;
    const span = etherscanKey === undefined ? undefined : await blocksOf(day);
    if (etherscanKey === undefined || span === undefined) return [];
    const wanted: Wanted[] = [];
    for (const wallet of day.wallets) {
      for (let start = span.from; ;) {
        const asked = { from: start, to: span.to };
        const page = pageOf(day.settings, wallet, asked, etherscanKey);
        wanted.push(page);
        const body = await day.body('etherscan', page.key);
        if (body === undefined) break;
        const next = nextPage(readEtherscan(JSON.parse(body.toString('utf8'))), asked, wallet);
        if (next === undefined) break;
        start = next;
      }
    }
    return wanted;
  },
};

/** How `doctor` asks whether the key is accepted: for blocks before the first token. */
export function etherscanProbe(settings: SourceSettings): Wanted[] {
  const [wallet] = settings.wallets;
  const { etherscanKey } = settings;
  if (wallet === undefined || etherscanKey === undefined) return [];
  return [pageOf(settings, wallet, { from: 0, to: 1 }, etherscanKey)];
}

export function storedByEtherscan(day: DayInHand, blocks: Span): Promise<TransfersOfDay> {
  return storedByBlocks(day, 'etherscan', blocks, day.wallets, (body) => {
    const rows = readEtherscan(body);
    // The last block of a full page may go on in the next one.
    return { rows, ...(rows.length >= pageRows && { wholeTo: rows.at(-1)!.block! - 1 }) };
  });
}

function pageOf({ etherscan: base }: SourceSettings, wallet: Address, asked: Span, apikey: string): Wanted {
  const query = {
    ...{ chainid: '1', module: 'account', action: 'tokentx', address: wallet },
    ...{ startblock: String(asked.from), endblock: String(asked.to), page: '1' },
    ...{ offset: String(pageRows), sort: 'asc', apikey },
  };
  const shape = (body: unknown): string | undefined => pageShape(body, asked);
  return {
    key: `${wallet}/${asked.from}-${asked.to}`,
    calls: [{ ...get(base, '', query), everyMs }],
    expected: { type: 'json', refusal, shape, keyName: 'ETHERSCAN_API_KEY' },
  };
}

/** Where the page after a full one begins: with the last block again, whose rows may go on. */
function nextPage(rows: readonly Transfer[], asked: Span, wallet: Address): number | undefined {
  if (rows.length < pageRows) return undefined;
  const last = rows.at(-1)!.block!;
  if (last > asked.from) return last;
  throw new CannotPlan(`block ${last} has more transfers of ${wallet} than a page holds (${pageRows})`);
}

function refusal(body: unknown): Trouble | undefined {
  const { status, message, result } = objectOf(body);
  if (status === '1' || message === 'No transactions found' || typeof result !== 'string') return undefined;
  const words = result.slice(0, 200);
  if (/rate limit/i.test(words)) return { then: 'pause', problem: `${words} (in a 200)`, ms: 1_000 };
  // It may be mere throttling, so it is asked again like what passes.
  const refused = /invalid api key|missing.*api key/i.test(words);
  return {
    then: 'again',
    problem: refused ? `the key ETHERSCAN_API_KEY is refused: ${words}` : `${words} (in a 200)`,
  };
}

function pageShape(body: unknown, { from, to }: Span): string | undefined {
  let blocks: number[] = [];
  const wrong = unreadable(() => (blocks = readEtherscan(body).map(({ block }) => block!)));
  if (wrong !== undefined) return wrong;
  if (blocks.some((block) => block < from || block > to)) return 'transfers of other blocks';
  return blocks.every((block, i) => i === 0 || block >= blocks[i - 1]!)
    ? undefined
    : 'transfers out of order';
}
