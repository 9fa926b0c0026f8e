/** Ethereum nodes: headers of every 50th block of the last whole day, for the base fee. No key. */
import { addDays } from '../planning/days.ts';
import { isObject, rpcTrouble } from './answers.ts';
import { firstBlockOf } from './bounds.ts';
import { CannotPlan, chunksOf } from './source.ts';
import type { LiveSource, Wanted } from './source.ts';

const everyBlocks = 50;
const headersInACall = 18;
/** Blocks of a day: one each 12 s, some slots empty. Headers of more are not those of a day. */
const mostBlocksOfADay = 7_300;
/** A few headers of a batch may be refused one by one. */
const fewestShare = 0.75;

export const gasBlocks: LiveSource = {
  name: 'gas-blocks',
  brings: 'gas, by headers of blocks',
  required: false,
  datedKeys: true,
  allowedDays: 3,
  after: ['llama-blocks', 'gas-bounds'],
  patienceMinutes: 30,
  says(body) {
    const [first] = JSON.parse(body.toString()) as { result?: { timestamp: string } }[];
    return `newest block ${new Date(Number(first?.result?.timestamp) * 1000).toISOString().slice(0, 19)}`;
  },
  async wanted(day) {
    const gasDay = addDays(day.day, -1);
    const [first, next] = [await firstBlockOf(day, gasDay), await firstBlockOf(day, day.day)];
    if (next <= first || next - first > mostBlocksOfADay)
      throw new CannotPlan(`blocks ${first} to ${next} are not those of a day`);
    const heights: number[] = [];
    for (let height = first; height < next; height += everyBlocks) heights.push(height);
    return chunksOf(heights, headersInACall).map((chunk, index) => ({
      key: `${gasDay}/${index + 1}`,
      calls: day.settings.nodes.map((url) => ({
        url,
        method: 'POST' as const,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(
          chunk.map((height, id) => ({
            ...{ jsonrpc: '2.0', id, method: 'eth_getBlockByNumber' },
            params: [`0x${height.toString(16)}`, false],
          })),
        ),
      })),
      expected: { type: 'json', refusal: rpcTrouble, shape: (body) => shape(body, chunk.length) },
    }));
  },
};

/** How `doctor` asks a node: for its newest header. */
export function newestBlock(url: URL): Wanted {
  const body = JSON.stringify([
    { jsonrpc: '2.0', id: 0, method: 'eth_getBlockByNumber', params: ['latest', false] },
  ]);
  return {
    key: 'latest',
    calls: [{ url, method: 'POST', headers: { 'content-type': 'application/json' }, body }],
    expected: { type: 'json', refusal: rpcTrouble, shape: (answer) => shape(answer, 1) },
  };
}

function shape(body: unknown, due: number): string | undefined {
  const headers = (Array.isArray(body) ? (body as unknown[]) : []).filter(
    (each) =>
      isObject(each) &&
      isObject(each['result']) &&
      /^0x[\da-f]+$/i.test(String(each['result']['baseFeePerGas'])) &&
      /^0x[\da-f]{1,10}$/i.test(String(each['result']['timestamp'])),
  );
  return headers.length >= due * fewestShare ? undefined : `${headers.length} of ${due} headers`;
}
