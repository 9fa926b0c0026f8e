/** CoinMarketCap: daily candles of ETH and BTC, only with a key. */
import { isObject } from './answers.ts';
import type { Trouble } from './answers.ts';
import { get } from './source.ts';
import type { LiveSource } from './source.ts';

export const coinmarketcap: LiveSource = {
  name: 'coinmarketcap',
  brings: 'candles by CoinMarketCap',
  required: false,
  allowedDays: 3,
  after: [],
  patienceMinutes: 30,
  says: () => 'the key is accepted',
  async wanted({ settings }) {
    const { coinmarketcapKey: apiKey } = settings;
    if (apiKey === undefined) return [];
    return ['ETH', 'BTC'].map((key) => ({
      key,
      calls: [
        get(
          settings.coinmarketcap,
          '/v2/cryptocurrency/ohlcv/historical',
          { symbol: key, time_period: 'daily', convert: 'USD', count: '30', skip_invalid: 'true' },
          { 'X-CMC_PRO_API_KEY': apiKey },
        ),
      ],
      expected: { type: 'json', refusal, shape, keyName: 'COINMARKETCAP_API_KEY' },
    }));
  },
};

function refusal(body: unknown): Trouble | undefined {
  const status = isObject(body) && isObject(body['status']) ? body['status'] : {};
  const code = Number(status['error_code'] ?? 0);
  if (code === 0) return undefined;
  const problem = `error ${code} in a 200: ${String(status['error_message']).slice(0, 200)}`;
  if (code === 429 || (code >= 1008 && code <= 1011)) return { then: 'pause', problem };
  return { then: 'final', problem };
}

function shape(body: unknown): string | undefined {
  return isObject(body) && isObject(body['data']) && Object.keys(body['data']).length > 0
    ? undefined
    : 'no candles';
}
