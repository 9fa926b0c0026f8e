/** DefiLlama: pools, their charts and addresses, prices of tokens, blocks by time. No key. */
import { addDays } from '../planning/days.ts';
import { isObject } from './answers.ts';
import { listedPools, rowsOf } from './listing.ts';
import { chunksOf, dayOf, get, unixOf } from './source.ts';
import type { DayInHand, LiveSource } from './source.ts';

/** A list that shrank to less than this share of the one before is not whole. */
const fewestOfLast = 0.5;
/** A row that is damaged costs its pool; that so many are is another shape. */
const mostDamaged = 0.01;
/** The block nearest to a moment is seconds away from it, where none is missing. */
const blockMayBeOffSeconds = 900;
/** More coins make an address that servers refuse (414). */
const coinsInACall = 30;

export const llamaPools: LiveSource = {
  name: 'llama-pools',
  brings: 'pools',
  required: true,
  allowedDays: 0,
  after: [],
  patienceMinutes: 120,
  says: (body) => `${rowsOf(JSON.parse(body.toString())).length} pools`,
  async wanted(day) {
    const before = await day.earlierBody('llama-pools', 'pools');
    const least =
      before === undefined ? 1 : Math.ceil(rowsOf(JSON.parse(before.toString('utf8'))).length * fewestOfLast);
    const shape = (body: unknown): string | undefined => {
      if (!isObject(body) || body['status'] !== 'success' || !Array.isArray(body['data']))
        return 'no list of pools';
      const rows = rowsOf(body);
      if (rows.length < least) return `only ${rows.length} pools, at least ${least} were expected`;
      const whole = rows.filter(
        (row) => isObject(row) && typeof row['pool'] === 'string' && 'tvlUsd' in row && 'apy' in row,
      );
      const damaged = rows.length - whole.length;
      return damaged <= rows.length * mostDamaged
        ? undefined
        : `${damaged} of ${rows.length} pools without pool, tvlUsd or apy`;
    };
    return [
      { key: 'pools', calls: [get(day.settings.llamaYields, '/pools')], expected: { type: 'json', shape } },
    ];
  },
};

export const llamaCharts: LiveSource = {
  name: 'llama-charts',
  brings: 'histories of pools',
  required: true,
  mayLack: 0.05,
  allowedDays: 0,
  after: ['llama-pools'],
  patienceMinutes: 120,
  says: (body) => `${rowsOf(JSON.parse(body.toString())).length} days`,
  async wanted(day) {
    return (await candidates(day)).map((id) => ({
      key: id,
      calls: [get(day.settings.llamaYields, `/chart/${encodeURIComponent(id)}`)],
      expected: { type: 'json', refusal: noHistory, shape: chartShape },
    }));
  },
};

export const llamaAddresses: LiveSource = {
  name: 'llama-addresses',
  brings: 'addresses of pools',
  required: false,
  allowedDays: 3,
  after: [],
  patienceMinutes: 30,
  says: (body) => `${Object.keys(JSON.parse(body.toString()) as object).length} addresses`,
  async wanted({ settings }) {
    const shape = (body: unknown): string | undefined =>
      isObject(body) && Object.values(body).some((each) => typeof each === 'string' && /^0x/i.test(each))
        ? undefined
        : 'no addresses';
    return [
      {
        key: 'tokenAddress',
        calls: [get(settings.llamaYields, '/tokenAddress')],
        expected: { type: 'json', shape },
      },
    ];
  },
};

export const llamaCoins: LiveSource = {
  name: 'llama-coins',
  brings: 'prices of tokens',
  required: false,
  allowedDays: 3,
  after: [],
  patienceMinutes: 30,
  says(body) {
    const { coins } = JSON.parse(body.toString()) as {
      coins: Record<string, { prices?: { timestamp: number }[] }>;
    };
    const newest = Math.max(
      ...Object.values(coins).flatMap(({ prices = [] }) => prices.map(({ timestamp }) => timestamp)),
    );
    return `prices of ${Object.keys(coins).length} coins, newest ${dayOf(newest)}`;
  },
  async wanted(day) {
    const addressed = day.pools.approvedTokens.flatMap(({ symbol, address }) =>
      address === null ? [] : [{ symbol, coin: `ethereum:${address.toLowerCase()}` }],
    );
    const exchanged = ['ethereum', 'bitcoin'].map((name) => `coingecko:${name}`);
    const lacking = new Set(await day.tokensWithoutHistory());
    const all = [...exchanged, ...addressed.map(({ coin }) => coin)];
    const unknown = addressed.filter(({ symbol }) => lacking.has(symbol)).map(({ coin }) => coin);
    return [
      ...chartsOfCoins(day, 'hourly', all, addDays(day.day, -2), { span: '49', period: '1h' }),
      ...chartsOfCoins(day, 'daily', unknown, addDays(day.day, -364), { span: '364', period: '1d' }),
    ];
  },
};

export const llamaBlocks: LiveSource = {
  name: 'llama-blocks',
  brings: 'the blocks at which the day begins and ends',
  required: false,
  allowedDays: 0,
  after: [],
  patienceMinutes: 30,
  says: (body) => `block ${(JSON.parse(body.toString()) as { height: number }).height}`,
  async wanted({ day, settings }) {
    const shapeAt =
      (unix: number) =>
      (body: unknown): string | undefined => {
        const { height, timestamp } = isObject(body) ? body : {};
        if (!Number.isSafeInteger(height) || !Number.isSafeInteger(timestamp)) return 'no block';
        const isNear = Math.abs((timestamp as number) - unix) <= blockMayBeOffSeconds;
        return isNear && (height as number) > 0 ? undefined : 'a block of another time';
      };
    return [addDays(day, -1), day].map(unixOf).map((unix) => ({
      key: String(unix),
      calls: [get(settings.llamaCoins, `/block/ethereum/${unix}`)],
      expected: { type: 'json', shape: shapeAt(unix) },
    }));
  },
};

function chartsOfCoins(
  { settings }: DayInHand,
  name: string,
  coins: readonly string[],
  start: string,
  query: Record<string, string>,
): Awaited<ReturnType<LiveSource['wanted']>> {
  const shape = (body: unknown): string | undefined => {
    if (!isObject(body) || !isObject(body['coins'])) return 'no coins';
    const priced = Object.values(body['coins']).filter(
      (coin) => isObject(coin) && Array.isArray(coin['prices']) && coin['prices'].length > 0,
    );
    return priced.length > 0 ? undefined : 'no coin with a price';
  };
  return chunksOf(coins, coinsInACall).map((chunk, index) => ({
    key: `${name}/${index + 1}`,
    calls: [
      get(settings.llamaCoins, `/chart/${chunk.join(',')}`, { start: String(unixOf(start)), ...query }),
    ],
    expected: { type: 'json', shape },
  }));
}

/** The pools whose history the day wants: those that the pre-filter lets through, and what the portfolio holds. */
async function candidates(day: DayInHand): Promise<string[]> {
  const pools = await listedPools(day);
  const held = new Set((await day.poolsHeld()).map(({ poolId }) => poolId));
  return pools.filter(({ poolId, wanted }) => wanted || held.has(poolId)).map(({ poolId }) => poolId);
}

function chartShape(body: unknown): string | undefined {
  if (!isObject(body) || body['status'] !== 'success' || !Array.isArray(body['data'])) return 'no chart';
  const whole = rowsOf(body).every((row) => isObject(row) && typeof row['timestamp'] === 'string');
  return whole ? undefined : 'a row without a timestamp';
}

/** A pool that DefiLlama has no rows of, as it says with status 200. */
function noHistory(body: unknown): { then: 'final'; problem: string } | undefined {
  const isEmpty =
    isObject(body) &&
    body['status'] === 'success' &&
    Array.isArray(body['data']) &&
    rowsOf(body).length === 0;
  return isEmpty ? { then: 'final', problem: 'the source has no history of this pool' } : undefined;
}
