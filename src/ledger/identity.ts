import { createHash } from 'node:crypto';
import type { Database } from '../database/pool.ts';

/**
 * Which database this is, in eight characters: the same for all who are connected to it, by whatever address, and another
 * one for a copy of it. Undefined where the server does not say.
 */
export async function ledgerId(database: Database): Promise<string | undefined> {
  try {
    const { rows } = await database.query<{ id: string }>(
      `select system_identifier || '/' || (select oid from pg_database where datname = current_database()) as id
         from pg_control_system()`,
    );
    return createHash('sha256').update(rows[0]!.id).digest('hex').slice(0, 8);
  } catch (error) {
    // Refused or unknown to the server; a server that does not answer is an error.
    if (/^4/.test(String((error as { code?: unknown }).code))) return undefined;
    throw error;
  }
}

const mark = / ledger ([0-9a-f]{8})$/;

/** What a worker is called in Temporal: its process, and the ledger that it writes to. */
export function workerIdentity(pid: number, host: string, ledger: string | undefined): string {
  return `${pid}@${host}${ledger === undefined ? '' : ` ledger ${ledger}`}`;
}

/** The ledger of a worker by what it is called; undefined for one that does not say. */
export function ledgerOfWorker(identity: string): string | undefined {
  return mark.exec(identity)?.[1];
}
