/**
 * Ethereum nodes: the first block of a day and of the one before, by headers, where DefiLlama does not say them. The way back
 * from the newest block is reckoned by the time between blocks, so that each pair of headers is much nearer.
 */
import { addDays } from '../planning/days.ts';
import { rpcTrouble } from './answers.ts';
import { objectOf, parseQuantity } from '../pools/portfolio/onchain/calls.ts';
import { askNodes } from './chain.ts';
import { CannotPlan, unixOf } from './source.ts';
import type { DayInHand, LiveSource, Wanted } from './source.ts';

const secondsOfABlock = 12;
/** Blocks are missing now and then, so that their pace is measured on the way; it is soon there. */
const mostPairs = 40;

interface Header {
  height: number;
  timestamp: number;
}

export const gasBounds: LiveSource = {
  name: 'gas-bounds',
  brings: 'the blocks at which the day begins and ends, by headers',
  required: false,
  datedKeys: true,
  allowedDays: 0,
  after: ['llama-blocks'],
  patienceMinutes: 30,
  says: (body) => `block ${headersIn(JSON.parse(body.toString()), 1)[0]!.height}`,
  async wanted(day) {
    const wanted: Wanted[] = [];
    for (const midnight of boundsOf(day)) {
      if ((await day.body('llama-blocks', String(unixOf(midnight)))) !== undefined) continue;
      wanted.push(...(await wayTo(day, midnight)).asked);
    }
    return wanted;
  },
};

/** The height of the first block of a day. Throws CannotPlan where nobody has said it. */
export async function firstBlockOf(day: DayInHand, midnight: string): Promise<number> {
  const body = await day.body('llama-blocks', String(unixOf(midnight)));
  if (body !== undefined) return (JSON.parse(body.toString('utf8')) as { height: number }).height;
  const { found } = await wayTo(day, midnight);
  if (found !== undefined) return found;
  throw new CannotPlan('the blocks at which the day begins and ends are not known');
}

function boundsOf({ day }: DayInHand): string[] {
  return [addDays(day, -1), day];
}

/** All that was asked so far and, unless the block is found, what is asked next. */
async function wayTo(day: DayInHand, midnight: string): Promise<{ asked: Wanted[]; found?: number }> {
  const at = unixOf(midnight);
  const newest = headersWanted(day, `${midnight}/newest`, ['latest']);
  const asked = [newest];
  const known = await storedHeaders(day, newest.key, 1);
  if (known === undefined) return { asked };
  const [head] = known as [Header];
  let { height, timestamp } = head;
  let pace = secondsOfABlock;
  if (timestamp < at) throw new CannotPlan(`the newest block of the node is of before ${midnight}`);
  let [low, high] = [0, height];
  for (let pairs = 0; pairs < mostPairs; pairs += 1) {
    const reckoned = height - Math.ceil((timestamp - at) / pace);
    const next = Math.min(high, Math.max(low + 1, reckoned));
    const pair = headersWanted(day, `${midnight}/${next}`, [next - 1, next]);
    asked.push(pair);
    const headers = await storedHeaders(day, pair.key, 2);
    if (headers === undefined) return { asked };
    const [before, here] = [...headers].sort((a, b) => a.height - b.height) as [Header, Header];
    if (before.timestamp < at && here.timestamp >= at) return { asked, found: here.height };
    if (here.timestamp < at) low = here.height;
    else high = before.height;
    ({ height, timestamp } = here.timestamp < at ? here : before);
    if (height < head.height) pace = (head.timestamp - timestamp) / (head.height - height);
  }
  throw new CannotPlan(`the first block of ${midnight} was not found among ${mostPairs} pairs of headers`);
}

function headersWanted(day: DayInHand, key: string, heights: readonly (number | 'latest')[]): Wanted {
  const batch = heights.map((height, id) => ({
    ...{ jsonrpc: '2.0', id, method: 'eth_getBlockByNumber' },
    params: [typeof height === 'number' ? `0x${height.toString(16)}` : height, false],
  }));
  return {
    key,
    calls: askNodes(day, batch),
    expected: {
      type: 'json',
      refusal: rpcTrouble,
      shape: (body) => shape(body, heights),
    },
  };
}

function shape(body: unknown, heights: readonly (number | 'latest')[]): string | undefined {
  const headers = headersIn(body, heights.length);
  if (headers.length === 0) return `not ${heights.length} headers`;
  const isThere = (height: number | 'latest'): boolean =>
    height === 'latest' || headers.some((each) => each.height === height);
  return heights.every(isThere) ? undefined : 'other headers';
}

async function storedHeaders(day: DayInHand, key: string, count: number): Promise<Header[] | undefined> {
  const body = await day.body('gas-bounds', key);
  return body && headersIn(JSON.parse(body.toString('utf8')), count);
}

/** So many headers, else none. */
function headersIn(body: unknown, count: number): Header[] {
  const found = (Array.isArray(body) ? (body as unknown[]) : []).flatMap((each): Header[] => {
    const { number, timestamp } = objectOf(objectOf(each)['result']);
    const [height, at] = [parseQuantity(number), parseQuantity(timestamp)];
    return height === undefined || at === undefined || at > 10_000_000_000n
      ? []
      : [{ height: Number(height), timestamp: Number(at) }];
  });
  return found.length === count ? found : [];
}
