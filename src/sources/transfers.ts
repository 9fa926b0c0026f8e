/**
 * Transfers of the wallets since the day whose holdings our books have: by Etherscan where a key is set, else by the logs of
 * a node. They explain what changed; what is held is said by the chain itself.
 */
import { readEtherscan, readLogs, transferTopic } from '../pools/portfolio/onchain/transfers.ts';
import type { Transfer } from '../pools/portfolio/onchain/transfers.ts';
import type { Address } from '../pools/portfolio/onchain/calls.ts';
import { objectOf } from '../pools/portfolio/onchain/calls.ts';
import type { Trouble } from './answers.ts';
import { askNodes, headOf, nodeTrouble } from './chain.ts';
import type { SourceSettings } from './settings.ts';
import { CannotPlan, get } from './source.ts';
import type { DayInHand, LiveSource, Wanted } from './source.ts';

/** The most rows that Etherscan gives to a free key. */
const pageRows = 1_000;
/** Nodes refuse longer ranges of blocks, some even these: then halves are asked for. */
const blocksInACall = 1_000;

/** Both ends included. */
interface Span {
  from: number;
  to: number;
}

/** Either of the two brings them: the explorer where a key is set, else the logs of a node. */
const ofTheWallets = {
  brings: 'transfers of the wallets',
  required: false,
  onChain: true,
  datedKeys: true,
  allowedDays: 0,
  after: ['chain-calls'],
  patienceMinutes: 30,
} satisfies Partial<LiveSource>;

export const etherscan: LiveSource = {
  name: 'etherscan',
  ...ofTheWallets,
  says: () => 'the key is accepted',
  async wanted(day) {
    const { etherscanKey } = day.settings;
    const span = etherscanKey === undefined ? undefined : await spanOf(day);
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

export const chainLogs: LiveSource = {
  name: 'chain-logs',
  ...ofTheWallets,
  says: (body) => `${logsIn(JSON.parse(body.toString('utf8'))).length} transfers`,
  async wanted(day) {
    const span = day.settings.etherscanKey === undefined ? await spanOf(day) : undefined;
    if (span === undefined) return [];
    const problems = await day.problems('chain-logs');
    const stored = await day.storedAt('chain-logs');
    const wanted: Wanted[] = [];
    const ask = (wallet: Address, way: 'in' | 'out', { from, to }: Span): void => {
      const key = `${wallet}/${way}/${from}-${to}`;
      const middle = Math.floor((from + to) / 2);
      if (from < to && !stored.has(key) && rangeRefused.test(problems.get(key) ?? '')) {
        ask(wallet, way, { from, to: middle });
        ask(wallet, way, { from: middle + 1, to });
        return;
      }
      const topic = `0x${wallet.slice(2).padStart(64, '0')}`;
      const filter = {
        ...{ fromBlock: `0x${from.toString(16)}`, toBlock: `0x${to.toString(16)}` },
        topics: [transferTopic, ...(way === 'out' ? [topic] : [null, topic])],
      };
      wanted.push({
        key,
        calls: askNodes(day, [{ jsonrpc: '2.0', id: key, method: 'eth_getLogs', params: [filter] }]),
        expected: { type: 'json', refusal: logsTrouble, shape: logsShape },
      });
    };
    for (const wallet of day.wallets) {
      for (const way of ['in', 'out'] as const) {
        for (let from = span.from; from <= span.to; from += blocksInACall)
          ask(wallet, way, { from, to: Math.min(from + blocksInACall - 1, span.to) });
      }
    }
    return wanted;
  },
};

/** What moved, by the stored pages of a day. */
export interface TransfersOfDay {
  /** After the block of the books, up to the block of the day; undefined where the books have none. */
  span: Span | undefined;
  pages: Transfer[][];
  /** By wallet (and way, where each is asked for): the blocks that are covered. */
  covered: Map<string, Span[]>;
}

export async function readTransfers(day: DayInHand): Promise<TransfersOfDay> {
  const span = await spanOf(day);
  const found: TransfersOfDay = { span, pages: [], covered: new Map() };
  if (span === undefined) return found;
  // By what is stored: a key may have come or gone since.
  const source = (await day.storedAt('etherscan')).size > 0 ? etherscan : chainLogs;
  const lanes = day.wallets.flatMap((wallet) =>
    source === etherscan ? [wallet] : [`${wallet}/in`, `${wallet}/out`],
  );
  for (const lane of lanes) found.covered.set(lane, []);
  for (const key of (await day.storedAt(source.name)).keys()) {
    const [, lane, from, to] = /^(.+)\/(\d+)-(\d+)$/.exec(key) ?? [];
    const body: unknown = JSON.parse((await day.body(source.name, key))!.toString('utf8'));
    const page = source === etherscan ? readEtherscan(body) : logsIn(body);
    found.pages.push(page.filter(({ block }) => block! >= span.from && block! <= span.to));
    const isFull = source === etherscan && page.length >= pageRows;
    // The last block of a full page may go on in the next one.
    const end = isFull ? page.at(-1)!.block! - 1 : Number(to);
    found.covered.get(lane!)?.push({ from: Number(from), to: end });
  }
  return found;
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
    calls: [get(base, '', query)],
    expected: { type: 'json', refusal: etherscanTrouble, shape, keyName: 'ETHERSCAN_API_KEY' },
  };
}

/** How `doctor` asks whether the key is accepted: for blocks before the first token. */
export function etherscanProbe(settings: SourceSettings): Wanted[] {
  const [wallet] = settings.wallets;
  const { etherscanKey } = settings;
  if (wallet === undefined || etherscanKey === undefined) return [];
  return [pageOf(settings, wallet, { from: 0, to: 1 }, etherscanKey)];
}

/** From after the block of the books to the block of the day. */
async function spanOf(day: DayInHand): Promise<Span | undefined> {
  if (day.wallets.length === 0) return undefined;
  const before = await day.chainBefore();
  const head = await headOf(day);
  if (before === undefined) return undefined;
  if (head === undefined) throw new CannotPlan('the block of the day is not known');
  return { from: before.block + 1, to: head.block };
}

/** Where the page after a full one begins: with the last block again, whose rows may go on. */
function nextPage(rows: readonly Transfer[], asked: Span, wallet: Address): number | undefined {
  if (rows.length < pageRows) return undefined;
  const last = rows.at(-1)!.block!;
  if (last > asked.from) return last;
  throw new CannotPlan(`block ${last} has more transfers of ${wallet} than a page holds (${pageRows})`);
}

function etherscanTrouble(body: unknown): Trouble | undefined {
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
  try {
    const blocks = readEtherscan(body).map(({ block }) => block!);
    if (blocks.some((block) => block < from || block > to)) return 'transfers of other blocks';
    return blocks.every((block, i) => i === 0 || block >= blocks[i - 1]!)
      ? undefined
      : 'transfers out of order';
  } catch (error) {
    return (error as Error).message;
  }
}

const rangeRefused = /^(the range is refused|HTTP 413)/;

function logsTrouble(body: unknown): Trouble | undefined {
  const item = Array.isArray(body) ? (body as unknown[])[0] : body;
  const { code, message } = objectOf(objectOf(item)['error']);
  const tooWide =
    code === -32614 || code === -32602 || /range|too (many|large)|more than \d+/i.test(String(message));
  return code !== undefined && tooWide
    ? { then: 'final', problem: `the range is refused: ${String(message).slice(0, 200)}` }
    : nodeTrouble(body);
}

function logsShape(body: unknown): string | undefined {
  try {
    logsIn(body);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function logsIn(body: unknown): Transfer[] {
  return readLogs(Array.isArray(body) ? (body as unknown[])[0] : body);
}
