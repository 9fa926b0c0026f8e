import type { Client } from '@temporalio/client';
import type { Database } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import { ledgerId, ledgerOfWorker } from '../ledger/identity.ts';
import { workersOf } from '../waiting-workflows.ts';

/**
 * Refuses to start what would be done elsewhere: the workers of this Temporal write to another database than the one that
 * this command reads, so it would wait for ever for rows that come there. Asks the database first, so that one that does
 * not answer is reported before anything is started.
 */
export async function refuseOtherLedger(database: Database, client: Client): Promise<void> {
  const own = await ledgerId(database);
  // One who may start a run need not be allowed to ask who works: then nothing is known, and nothing refused.
  const workers = await workersOf(client).catch(() => []);
  const theirs = workers.flatMap((identity) => ledgerOfWorker(identity) ?? []);
  if (own === undefined || theirs.length === 0 || theirs.includes(own)) return;
  throw new Failure(
    'InvalidInput',
    'The worker of this Temporal writes to another database than this command reads, so nothing was started. ' +
      'Set DATABASE_URL and TEMPORAL_ADDRESS for both alike, or neither; then start the worker again.',
  );
}

/** How long a worker may take to start before the command says that nobody works. */
const patienceMs = 10_000;

const howToStart = 'Start one: npx sevenfold up, or, on machines of your own: node launch.mjs worker';

/** False only where Temporal says so: one that does not answer knows nothing. */
async function nobodyWorks(client: Client): Promise<boolean> {
  return workersOf(client).then(
    (workers) => workers.length === 0,
    () => false,
  );
}

/** Says once, on the error stream, that a run waits for a worker; it goes on as soon as there is one. */
export function sayWhenNobodyWorks(
  client: Client,
  key: string,
  say: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): (waitedMs: number) => Promise<void> {
  let said = false;
  return async (waitedMs) => {
    if (said || waitedMs < patienceMs || !(await nobodyWorks(client))) return;
    said = true;
    say(`${key} waits in Temporal: no worker asks for work. ${howToStart}`);
  };
}

/** Ends the waiting for something that only a worker can do, where none is there. */
export function failWhenNobodyWorks(client: Client, what: string): (waitedMs: number) => Promise<void> {
  return async (waitedMs) => {
    if (waitedMs < patienceMs || !(await nobodyWorks(client))) return;
    throw new Failure(
      'RunIncomplete',
      `${what} is noted in Temporal and will be carried out, but no worker asks for work. ${howToStart}`,
    );
  };
}
