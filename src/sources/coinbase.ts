/** Coinbase: daily candles of ETH and BTC. No key. */
import { addDays } from '../planning/days.ts';
import { dayOf, get } from './source.ts';
import type { LiveSource } from './source.ts';

/** The most that one answer holds. */
const candles = 300;

export const coinbase: LiveSource = {
  name: 'coinbase',
  brings: 'candles of ETH and BTC',
  required: false,
  allowedDays: 3,
  after: [],
  patienceMinutes: 30,
  says: (body) => `newest candle ${dayOf((JSON.parse(body.toString()) as number[][])[0]![0]!)}`,
  async wanted({ day, settings }) {
    const query = { granularity: '86400', start: addDays(day, -(candles - 1)), end: day };
    return ['ETH-USD', 'BTC-USD'].map((key) => ({
      key,
      calls: [get(settings.coinbase, `/products/${key}/candles`, query)],
      expected: { type: 'json', shape },
    }));
  },
};

function shape(body: unknown): string | undefined {
  if (!Array.isArray(body) || body.length === 0) return 'no candles';
  const whole = (body as unknown[]).every(
    (row) => Array.isArray(row) && row.length >= 6 && row.every((each) => typeof each === 'number'),
  );
  return whole ? undefined : 'a candle that is not six numbers';
}
