/** Data that tests and benchmarks read where it is and the repository does not hold: SEVENFOLD_SHARED, else ../shared. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfig } from '../../src/config.ts';

/** Where a file or folder of it should be. */
export function sharedData(part: string): string {
  return join(resolve(readConfig().checkout, process.env['SEVENFOLD_SHARED'] ?? '../shared'), 'data', part);
}

/** Why a test that needs it is skipped; false where it is there. */
export function unlessThere(place: string): string | false {
  return existsSync(place) ? false : `${place} is absent (SEVENFOLD_SHARED names the folder)`;
}

/** For a benchmark: ends the program where it is not there. */
export function sharedDataOrEnd(part: string): string {
  const place = sharedData(part);
  if (existsSync(place)) return place;
  process.stderr.write(`${place} is absent: set SEVENFOLD_SHARED.\n`);
  process.exit(1);
}
