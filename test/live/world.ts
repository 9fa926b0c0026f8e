/** Days that are made, not observed, in the providers' formats: any day of any series, the same each time. */
import { createHash } from 'node:crypto';
import { addDays, daysBetween } from '../../src/planning/days.ts';
import type { Day } from '../../src/planning/days.ts';
import { loadPoolSettings } from '../../src/pools/settings.ts';
import { readConfig } from '../../src/config.ts';
import { unixOf } from '../../src/sources/source.ts';
import { makeChain } from './chain.ts';
import type { Chain, ChainTransfer } from './chain.ts';

export interface WorldOptions {
  /** The run date. */
  day: Day;
  /** Pools that pass the pre-filter. */
  pools?: number;
  /** Days of history before the run date. */
  days?: number;
  /** What happened on the chain; left out: a wallet was given a million and put a quarter of it into a pool. */
  transfers?: readonly ChainTransfer[];
}

export interface World {
  day: Day;
  pools: Record<string, unknown>[];
  chart(id: string): object | undefined;
  addresses(): Record<string, string>;
  coins(keys: readonly string[], start: number, span: number, seconds: number): object;
  block(unix: number): { height: number; timestamp: number };
  header(height: number): object;
  candles(symbol: string, days: number): number[][];
  sofr(first: Day, last: Day): object[];
  yields(year: number): string;
  markets(): object[];
  chain: Chain;
}

/** A fraction from 0 to 1 that belongs to a name. */
export function draw(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32;
}

function uuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const address = (name: string): string => `0x${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
const round = (value: number, digits: number): number => Number(value.toFixed(digits));

// A block every 12 seconds; this one began on 2026-11-19.
const [knownHeight, knownUnix] = [26_432_800, 1_795_046_400];

export function makeWorld({ day, pools: count = 30, days = 120, transfers }: WorldOptions): World {
  const { approvedTokens, approvedProtocols } = loadPoolSettings(readConfig({}).checkout);
  const tokens = approvedTokens.filter(
    (token): token is typeof token & { address: string } => token.address !== null && !token.yieldBearing,
  );
  const protocols = approvedProtocols.filter((name) => !['pendle', 'morpho-v1'].includes(name));
  const made = Array.from({ length: count }, (_, i) => {
    const token = tokens[i % tokens.length]!;
    // One in ten is of a protocol that was renamed.
    const project = i % 10 === 3 ? 'morpho-blue' : protocols[i % protocols.length]!;
    return {
      id: uuid(`pool/${i}`),
      project,
      symbol: token.symbol.toUpperCase(),
      tokens: [token.address],
      meta: null,
    };
  });
  const rejected = [
    {
      id: uuid('rejected/chain'),
      project: 'aave-v3',
      symbol: 'USDC',
      tokens: [tokens[1]!.address],
      meta: null,
      chain: 'Base',
    },
    { id: uuid('rejected/protocol'), project: 'newfarm', symbol: 'USDX', tokens: null, meta: null },
    { id: uuid('rejected/token'), project: 'aave-v3', symbol: 'WETH', tokens: [address('weth')], meta: null },
  ];
  const market = {
    address: address('market'),
    pt: address('pt'),
    sy: address('sy'),
    maturity: addDays(day, 90),
  };
  const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
  const [year, month, date] = market.maturity.split('-');
  const ends = `${date}${monthNames[Number(month) - 1]}${year}`;
  const pendle = [
    {
      id: uuid('pendle/lp'),
      project: 'pendle',
      symbol: 'SUSDE',
      tokens: [market.pt, market.sy],
      meta: `For LP | Maturity ${ends}`,
    },
    {
      id: uuid('pendle/pt'),
      project: 'pendle',
      symbol: 'SUSDE',
      tokens: [address('susde')],
      meta: `For buying PT-SUSDE-${ends}`,
    },
  ];
  const all = [...made, ...pendle, ...rejected].map((pool) => ({ chain: 'Ethereum', ...pool }));
  const observation = (id: string, each: Day): { apy: number; tvlUsd: number } => {
    const level = 3 + 9 * draw(`level/${id}`);
    const size = 2e6 * 200 ** draw(`size/${id}`);
    return {
      apy: round(level * (0.9 + 0.2 * draw(`apy/${id}/${each}`)), 5),
      tvlUsd: Math.round(size * (0.95 + 0.1 * draw(`tvl/${id}/${each}`))),
    };
  };
  const known = new Map(all.map((pool) => [pool.id, pool]));
  const eth = (each: Day): number => round(2800 + 400 * draw(`eth/${each}`), 2);
  const priceOf = (name: string, unix: number): number => {
    const hour = Math.round(unix / 3600);
    if (/ethereum$/.test(name)) return eth(new Date(unix * 1000).toISOString().slice(0, 10));
    if (/bitcoin$/.test(name)) return 20 * eth(new Date(unix * 1000).toISOString().slice(0, 10));
    return round(0.999 + 0.002 * draw(`price/${name}/${hour}`), 6);
  };
  const weekdays = (first: Day, last: Day): Day[] =>
    Array.from({ length: Math.max(0, daysBetween(first, last) + 1) }, (_, i) => addDays(first, i)).filter(
      (each) => ![0, 6].includes(new Date(`${each}T00:00:00Z`).getUTCDay()),
    );

  const heightAt = (unix: number): number => knownHeight + Math.floor((unix - knownUnix) / 12);
  const shareOf = (id: string): string => address(`pool/${id}`);
  const chain = makeChain({
    head: heightAt(unixOf(day) + 900),
    unixOf: (height) => knownUnix + (height - knownHeight) * 12,
    tokens: approvedTokens.flatMap((token) => token.address?.toLowerCase() ?? []),
    vaults: made.map(({ id, tokens: [asset] }) => ({ address: shareOf(id), asset: asset!.toLowerCase() })),
    transfers,
  });

  return {
    day,
    chain,
    pools: all.map(({ id, project, symbol, chain, tokens: underlyingTokens, meta }) => {
      const { apy, tvlUsd } = observation(id, addDays(day, -1));
      return {
        ...{
          chain,
          project,
          symbol,
          tvlUsd,
          apyBase: apy,
          apyReward: null,
          apy,
          rewardTokens: null,
          pool: id,
        },
        ...{ apyPct1D: 0, apyPct7D: 0, apyPct30D: 0, stablecoin: true, ilRisk: 'no', exposure: 'single' },
        ...{
          predictions: null,
          poolMeta: meta,
          mu: apy,
          sigma: 0.1,
          count: days,
          outlier: false,
          underlyingTokens,
        },
      };
    }),
    chart(id) {
      if (!known.has(id)) return undefined;
      const past = Array.from({ length: days }, (_, i) => addDays(day, i - days));
      const rows = past.map((each) => ({
        ...{ timestamp: `${each}T23:01:24.670Z`, ...observation(id, each) },
        ...{ apyBase: observation(id, each).apy, apyReward: null, il7d: null, apyBase7d: null },
      }));
      const now = observation(id, day);
      return {
        status: 'success',
        data: [
          ...rows,
          {
            timestamp: `${day}T00:01:02.003Z`,
            ...now,
            apyBase: now.apy,
            apyReward: null,
            il7d: null,
            apyBase7d: null,
          },
        ],
      };
    },
    addresses: () => Object.fromEntries(all.map(({ id }) => [id, shareOf(id)])),
    coins: (keys, start, span, seconds) => ({
      coins: Object.fromEntries(
        keys.map((key) => [
          key,
          {
            symbol: key.split(':')[1]!.slice(0, 8),
            confidence: 0.99,
            ...(key.startsWith('ethereum:') && { decimals: 6 }),
            prices: Array.from({ length: span }, (_, i) => start + i * seconds)
              .filter((unix) => unix <= unixOf(day) + 1200)
              .map((unix) => ({
                timestamp: unix + Math.round(30 * draw(`stray/${key}/${unix}`)) - 15,
                price: priceOf(key, unix),
              })),
          },
        ]),
      ),
    }),
    block: (unix) => {
      const height = heightAt(unix);
      return { height, timestamp: knownUnix + (height - knownHeight) * 12 };
    },
    header: (height) => ({
      number: `0x${height.toString(16)}`,
      timestamp: `0x${(knownUnix + (height - knownHeight) * 12).toString(16)}`,
      baseFeePerGas: `0x${Math.round((0.2 + draw(`gas/${height}`)) * 1e9).toString(16)}`,
      hash: `0x${createHash('sha256').update(`block/${height}`).digest('hex')}`,
      transactions: [],
    }),
    candles: (symbol, count) =>
      Array.from({ length: count }, (_, i) => addDays(day, -i)).map((each) => {
        const factor = symbol.startsWith('ETH') ? 1 : 20;
        const [open, close] = [eth(addDays(each, -1)) * factor, eth(each) * factor];
        return [
          unixOf(each),
          round(Math.min(open, close) * 0.99, 2),
          round(Math.max(open, close) * 1.01, 2),
          round(open, 2),
          round(close, 2),
          43_029.638,
        ];
      }),
    sofr: (first, last) =>
      weekdays(first, addDays(last, -1))
        .reverse()
        .map((effectiveDate) => ({
          ...{
            effectiveDate,
            type: 'SOFR',
            percentRate: round(3.6 + 0.2 * draw(`sofr/${effectiveDate}`), 2),
          },
          volumeInBillions: 3011,
        })),
    yields(year) {
      const header =
        'Date,"1 Mo","1.5 Month","2 Mo","3 Mo","4 Mo","6 Mo","1 Yr","2 Yr","3 Yr","5 Yr","7 Yr","10 Yr","20 Yr","30 Yr"';
      const last = addDays(day, -1) < `${year}-12-31` ? addDays(day, -1) : `${year}-12-31`;
      const rows = weekdays(`${year}-01-01`, last)
        .reverse()
        .map((each) => {
          const [y, m, d] = each.split('-');
          const values = Array.from({ length: 14 }, (_, i) =>
            (3.6 + 0.05 * i + 0.1 * draw(`yield/${each}/${i}`)).toFixed(2),
          );
          return [`${m}/${d}/${y}`, ...values].join(',');
        });
      return `${[header, ...rows].join('\n')}\n`;
    },
    markets: () => [
      {
        ...{ name: 'sUSDe', address: market.address, expiry: `${market.maturity}T00:00:00.000Z` },
        ...{ pt: `1-${market.pt}`, sy: `1-${market.sy}`, yt: `1-${address('yt')}` },
        ...{ underlyingAsset: '1-0x9d39a5de30e57443bff2a8307a4256c8797a3497' },
        ...{ accountingAsset: '1-0x4c9edd5852cd905f086c759e8383e09bff1e68b3' },
        ...{ inputTokens: ['1-0x9d39a5de30e57443bff2a8307a4256c8797a3497'], outputTokens: [] },
        ...{ details: { liquidity: 52_318_840.11, impliedApy: 0.069, aggregatedApy: 0.068 }, chainId: 1 },
      },
    ],
  };
}
