/** Logs of a node: transfers of the wallets between the blocks of the books and of the day. No key. */
import { readLogs, transferTopic } from '../pools/portfolio/onchain/transfers.ts';
import type { Transfer } from '../pools/portfolio/onchain/transfers.ts';
import type { Address } from '../pools/portfolio/onchain/calls.ts';
import { objectOf } from '../pools/portfolio/onchain/calls.ts';
import type { Trouble } from './answers.ts';
import { askNodes, nodeTrouble } from './chain.ts';
import type { DayInHand, LiveSource, Wanted } from './source.ts';
import { blocksOf, ofTheWallets, providerOfTransfers, storedByBlocks, unreadable } from './transfers.ts';
import type { Span, TransfersOfDay } from './transfers.ts';

/** Nodes refuse longer ranges of blocks, some even these: then halves are asked for. */
const blocksInACall = 1_000;

export const chainLogs: LiveSource = {
  name: 'chain-logs',
  ...ofTheWallets,
  says: (body) => `${logsIn(JSON.parse(body.toString('utf8'))).length} transfers`,
  async wanted(day) {
    if (providerOfTransfers(day.settings) !== 'chain-logs') return [];
    const span = await blocksOf(day);
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
        expected: { type: 'json', refusal, shape: (body) => unreadable(() => logsIn(body)) },
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

export function storedAsLogs(day: DayInHand, blocks: Span): Promise<TransfersOfDay> {
  const lanes = day.wallets.flatMap((wallet) => [`${wallet}/in`, `${wallet}/out`]);
  return storedByBlocks(day, 'chain-logs', blocks, lanes, (body) => ({ rows: logsIn(body) }));
}

const rangeRefused = /^(the range is refused|HTTP 413)/;

function refusal(body: unknown): Trouble | undefined {
  const item = Array.isArray(body) ? (body as unknown[])[0] : body;
  const { code, message } = objectOf(objectOf(item)['error']);
  const tooWide =
    code === -32614 || code === -32602 || /range|too (many|large)|more than \d+/i.test(String(message));
  return code !== undefined && tooWide
    ? { then: 'final', problem: `the range is refused: ${String(message).slice(0, 200)}` }
    : nodeTrouble(body);
}

function logsIn(body: unknown): Transfer[] {
  return readLogs(Array.isArray(body) ? (body as unknown[])[0] : body);
}
