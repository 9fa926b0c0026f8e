import { objectOf, readJson, refuse } from './settings-files.ts';
import { isDay } from './planning/days.ts';
import type { Day } from './planning/days.ts';

/** The first day that a source may have: of prices and macro series, and of what happens on chains. */
export interface FirstDays {
  prices: Day;
  chains: Day;
}

const file = 'config/bounds.json';

/** What the tables allow in any case (migration 008): before the first quoted price, before the first block. */
const floors: FirstDays = { prices: '1700-01-01', chains: '2009-01-03' };

/** Reads config/bounds.json; throws `InvalidInput` with name, value and what is allowed. */
export function loadFirstDays(checkout: string): FirstDays {
  return readFirstDays(readJson(checkout, file));
}

/** Checks the file's content. The bounds of numbers are no settings: the database has the same. */
export function readFirstDays(raw: unknown): FirstDays {
  const given = objectOf(file, raw, Object.keys(floors));
  const read = (kind: keyof FirstDays): Day => {
    const { firstDay } = objectOf(file, given[kind], ['firstDay'], kind);
    if (!isDay(firstDay) || firstDay < floors[kind])
      refuse(file, `${kind}.firstDay`, firstDay, `a day such as "2015-01-01", not before ${floors[kind]}`);
    return firstDay;
  };
  return { prices: read('prices'), chains: read('chains') };
}
