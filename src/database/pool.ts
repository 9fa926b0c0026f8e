import pg from 'pg';
import type { PoolClient } from 'pg';
import { clientOptions } from './client-options.ts';

// Counts and sequence numbers stay far below 2^53; as text they would have to be converted at every use.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
// A date is a calendar day, not an instant: as a Date it would shift with the machine's time zone.
pg.types.setTypeParser(pg.types.builtins.DATE, (day) => day);

export type Database = pg.Pool;
export type { PoolClient };

/** A connection pool whose sessions can be recognised in `pg_stat_activity` by `name`. */
export function openDatabase(url: string, name: string, max = 10): Database {
  const pool = new pg.Pool({
    ...clientOptions(url),
    application_name: name,
    max,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
  });
  // Without a listener a PostgreSQL that is killed takes the worker with it.
  pool.on('error', () => {});
  return pool;
}

/** Runs `work` in one transaction; any error rolls back. */
export async function inTransaction<T>(
  database: Database,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await database.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
