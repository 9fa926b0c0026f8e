/** Kraken: daily candles where Coinbase has none. No key; its errors come with status 200. */
import { isObject } from './answers.ts';
import type { Trouble } from './answers.ts';
import { dayOf, get } from './source.ts';
import type { LiveSource } from './source.ts';

const pairs = { 'ETH-USD': 'ETHUSD', 'BTC-USD': 'XBTUSD' };

export const kraken: LiveSource = {
  name: 'kraken',
  brings: "candles of ETH and BTC, in Coinbase's place",
  required: false,
  allowedDays: 3,
  after: ['coinbase'],
  patienceMinutes: 30,
  says(body) {
    const { result } = JSON.parse(body.toString()) as { result: { last: number } };
    return `last whole candle ${dayOf(result.last)}`;
  },
  async wanted(day) {
    const missing: string[] = [];
    for (const [product, pair] of Object.entries(pairs)) {
      if ((await day.body('coinbase', product)) === undefined) missing.push(pair);
    }
    return missing.map((key) => ({
      key,
      calls: [get(day.settings.kraken, '/0/public/OHLC', { pair: key, interval: '1440' })],
      expected: { type: 'json', refusal, shape },
    }));
  },
};

function refusal(body: unknown): Trouble | undefined {
  const errors = isObject(body) && Array.isArray(body['error']) ? (body['error'] as unknown[]) : [];
  if (errors.length === 0) return undefined;
  const problem = `error in a 200: ${String(errors[0]).slice(0, 200)}`;
  if (/rate limit|too many/i.test(problem)) return { then: 'pause', problem };
  return { then: /^error in a 200: E(?:Query|General:Invalid)/.test(problem) ? 'final' : 'again', problem };
}

function shape(body: unknown): string | undefined {
  const result = isObject(body) && isObject(body['result']) ? body['result'] : {};
  const rows = Object.entries(result).find(([name]) => name !== 'last')?.[1];
  return Array.isArray(rows) && rows.length > 0 && rows.every((row) => Array.isArray(row) && row.length >= 7)
    ? undefined
    : 'no candles';
}
