/** Pendle: its active markets on Ethereum, which say what a market's tokens are made of. No key. */
import { isObject } from './answers.ts';
import { get } from './source.ts';
import type { LiveSource, Wanted } from './source.ts';

const pageRows = 100;
const mostPages = 50;

export const pendle: LiveSource = {
  name: 'pendle',
  brings: "Pendle's markets",
  required: false,
  allowedDays: 3,
  after: [],
  patienceMinutes: 30,
  says: (body) => `${(JSON.parse(body.toString()) as { total: number }).total} active markets`,
  async wanted(day) {
    const pages: Wanted[] = [];
    let skip = 0;
    while (pages.length < mostPages) {
      const query = { chainId: '1', isActive: 'true', skip: String(skip), limit: String(pageRows) };
      const key = String(skip);
      pages.push({
        key,
        calls: [get(day.settings.pendle, '/v2/markets/all', query)],
        expected: { type: 'json', shape },
      });
      const stored = await day.body('pendle', key);
      if (stored === undefined) break;
      const { total, results } = JSON.parse(stored.toString('utf8')) as { total: number; results: unknown[] };
      skip += results.length;
      if (skip >= total || results.length === 0) break;
    }
    return pages;
  },
};

function shape(body: unknown): string | undefined {
  if (!isObject(body) || !Number.isInteger(body['total']) || !Array.isArray(body['results']))
    return 'no markets';
  const whole = (body['results'] as unknown[]).every(
    (each) => isObject(each) && typeof each['address'] === 'string',
  );
  return whole ? undefined : 'a market without an address';
}
