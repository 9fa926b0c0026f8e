import type { Rates } from './planning/cost.ts';
import { isDay } from './planning/days.ts';
import { objectOf, readJson, refuse } from './settings-files.ts';

export const ratesFile = 'config/cost-rates.json';

const prices = [
  'dcuUsdPerHour',
  'premiumDcuUsdPerHour',
  'shuffleUsdPerGbMonth',
  'acceleratorUsdPerHour',
] as const satisfies readonly (keyof Rates)[];

/** What the cloud charges; throws `InvalidInput` with file, name, value and what is allowed. */
export function loadCostRates(checkout: string): Rates {
  return readCostRates(ratesFile, readJson(checkout, ratesFile));
}

/** Checks the parsed content of the file. */
export function readCostRates(file: string, raw: unknown): Rates {
  const given = objectOf(file, raw, ['name', 'date', ...prices]);
  const { name, date } = given;
  if (typeof name !== 'string' || !/^\S+$/.test(name))
    refuse(file, 'name', name, 'the price list in one word, for example "us-central1"');
  if (!isDay(date)) refuse(file, 'date', date, 'the day of the price list as YYYY-MM-DD');
  const read = Object.fromEntries(prices.map((price) => [price, dollars(file, price, given[price])]));
  return { name, date, ...(read as Record<(typeof prices)[number], number>) };
}

function dollars(file: string, name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > 1_000)
    refuse(file, name, value, 'US dollars from 0 to 1000');
  return value;
}
