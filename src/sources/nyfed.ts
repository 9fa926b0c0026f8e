/** The Federal Reserve Bank of New York: SOFR and its averages. No key. */
import { addDays } from '../planning/days.ts';
import { isObject } from './answers.ts';
import { get } from './source.ts';
import type { LiveSource } from './source.ts';

export const nyfed: LiveSource = {
  name: 'nyfed',
  brings: 'SOFR and its averages',
  required: false,
  allowedDays: 3,
  after: [],
  patienceMinutes: 30,
  says(body) {
    const { refRates } = JSON.parse(body.toString()) as { refRates: { effectiveDate: string }[] };
    return `newest rate ${refRates
      .map(({ effectiveDate }) => effectiveDate)
      .sort()
      .at(-1)}`;
  },
  async wanted({ day, settings }) {
    const query = { startDate: addDays(day, -365), endDate: day };
    return ['sofr', 'sofrai'].map((key) => ({
      key,
      calls: [get(settings.nyfed, `/api/rates/secured/${key}/search.json`, query)],
      expected: { type: 'json', shape },
    }));
  },
};

function shape(body: unknown): string | undefined {
  const rates = isObject(body) && Array.isArray(body['refRates']) ? (body['refRates'] as unknown[]) : [];
  return rates.length > 0 &&
    rates.every((rate) => isObject(rate) && typeof rate['effectiveDate'] === 'string')
    ? undefined
    : 'no rates';
}
