/** The US Treasury: daily par yields, a CSV for each year. No key. */
import { get } from './source.ts';
import type { LiveSource } from './source.ts';

export const treasury: LiveSource = {
  name: 'treasury',
  brings: 'Treasury yields',
  required: false,
  allowedDays: 3,
  after: [],
  patienceMinutes: 30,
  says: (body) => `newest yields ${body.toString().split(/\r?\n/)[1]!.slice(0, 10)}`,
  async wanted({ day, settings }) {
    const year = Number(day.slice(0, 4));
    // In January the newest day may still be of the year before.
    const years = day.slice(5, 7) === '01' ? [year - 1, year] : [year];
    return years.map((each) => ({
      key: String(each),
      calls: [
        get(
          settings.treasury,
          `/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/${each}/all`,
          { type: 'daily_treasury_yield_curve', field_tdr_date_value: String(each), _format: 'csv' },
        ),
      ],
      expected: { type: 'csv', shape },
    }));
  },
};

function shape(body: unknown): string | undefined {
  const [header, ...rows] = String(body).split(/\r?\n/);
  if (header === undefined || !/^"?Date"?,/.test(header)) return 'no column Date';
  const [first = ''] = rows;
  if (!/^\d{2}\/\d{2}\/\d{4},/.test(first)) return 'no day below the header';
  // A body that was cut is a CSV like any other, but for its last row.
  const fields = (row: string): number => row.split(',').length;
  const isCut = rows.some((row) => row !== '' && fields(row) !== fields(header));
  return isCut ? 'a row of another length than the header' : undefined;
}
