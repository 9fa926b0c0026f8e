import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The moments at which a kill could do harm, in the order of a batch's life. The last four lie in the job (Python). */
export const batchFailpoints = [
  'before-create',
  'after-create',
  'batch-running',
  'mid-copy',
  'before-commit',
  'after-commit',
] as const;

/** The same in what activities do by themselves, in the order of the day; the first lies in the job of the forecast. */
export const phaseFailpoints = [
  'forecast-fitted',
  'allocate-solved',
  'allocate-before-commit',
  'report-written',
  'notify-before-claim',
  'notify-sent',
] as const;

/** The same in the fetching of a live day: nothing asked yet, one body stored, all stored and nothing said of the sources. */
export const fetchFailpoints = ['fetch-begun', 'fetch-stored', 'fetch-before-settle'] as const;

/** The same in a fit's own process (Python): in its middle, and when its figures are known and not yet stored. */
export const fitFailpoints = ['fit-running', 'fit-done'] as const;

export type FailpointName =
  | (typeof batchFailpoints)[number]
  | (typeof phaseFailpoints)[number]
  | (typeof fitFailpoints)[number]
  | (typeof fetchFailpoints)[number];

/**
 * Halts here, once, where a test has placed the file `<folder>/<name>`: renames it to `<name>.hit`, so that the test
 * knows where its kill falls, and goes on when the test writes `<name>.go`. Without a folder this is nothing at all.
 */
export async function failpoint(folder: string | undefined, name: FailpointName): Promise<void> {
  if (folder === undefined) return;
  const armed = join(folder, name);
  if (!existsSync(armed)) return;
  try {
    renameSync(armed, `${armed}.hit`);
  } catch {
    return; // another process was first
  }
  writeFileSync(`${armed}.hit`, JSON.stringify({ pid: process.pid, at: new Date().toISOString() }));
  const giveUpAt = performance.now() + 60_000;
  while (!existsSync(`${armed}.go`) && performance.now() < giveUpAt) await sleep(20);
}
