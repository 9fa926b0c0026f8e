/** FRED: only with a key and switched on, because its terms forbid storing what it answers. */
import { addDays } from '../planning/days.ts';
import { isObject } from './answers.ts';
import { get } from './source.ts';
import type { LiveSource } from './source.ts';

const series = [
  'SOFR',
  'DGS1MO',
  'DGS3MO',
  'DGS6MO',
  'DGS1',
  'DGS2',
  'DGS10',
  'DGS30',
  'T10Y2Y',
  'T10Y3MM',
  'FEDFUNDS',
];

/** Two requests a second are allowed. */
const everyMs = 500;

export const fred: LiveSource = {
  name: 'fred',
  brings: 'series of FRED',
  required: false,
  allowedDays: 3,
  after: [],
  patienceMinutes: 30,
  says: () => 'the key is accepted',
  async wanted({ day, settings }) {
    const { fredKey: apiKey } = settings;
    if (apiKey === undefined) return [];
    const query = { file_type: 'json', observation_start: addDays(day, -365), observation_end: day };
    return series.map((key) => ({
      key,
      calls: [
        {
          ...get(settings.fred, '/fred/series/observations', { series_id: key, api_key: apiKey, ...query }),
          everyMs,
        },
      ],
      // It answers 400 "key not registered" in passing.
      expected: { type: 'json', passing: [400], shape, keyName: 'FRED_API_KEY' },
    }));
  },
};

function shape(body: unknown): string | undefined {
  return isObject(body) && Array.isArray(body['observations']) && body['observations'].length > 0
    ? undefined
    : 'no observations';
}
