import { datasetKey } from './daily-input.ts';
import type { DailyInput } from './daily-input.ts';
import type { Day } from './days.ts';

/** The business key of one day of one data set, whoever starts it; our own command line uses it as workflow id too. */
export function dailyRunKey(input: DailyInput, date: Day): string {
  return `daily/${datasetKey(input)}/${date}`;
}
