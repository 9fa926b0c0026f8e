import pg from 'pg';
import type { PoolClient } from 'pg';
import { storableJson, storableText } from '../text.ts';
import { clientOptions } from './client-options.ts';

// Counts and sequence numbers stay far below 2^53; as text they would have to be converted at every use.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
// A date is a calendar day, not an instant: as a Date it would shift with the machine's time zone.
pg.types.setTypeParser(pg.types.builtins.DATE, (day) => day);

export type Database = pg.Pool;
export type { PoolClient };

/** A value as it may be bound: what PostgreSQL has no place for is replaced, so that no message can keep a row from being written. */
export function storable(value: unknown): unknown {
  if (typeof value === 'string') {
    return /^[[{"]/.test(value) ? storableText(storableJson(value)) : storableText(value);
  }
  if (Array.isArray(value)) return value.map(storable);
  const isPlain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? storableJson(JSON.stringify(value)) : value;
}

/** The one way in which text enters the database: every bound value of every statement passes `storable`. */
class StoringClient extends pg.Client {}
// Assigned, because no override can repeat the many signatures of `query`.
const query = Reflect.get(pg.Client.prototype, 'query') as (this: pg.Client, ...all: unknown[]) => unknown;
Reflect.set(StoringClient.prototype, 'query', function (this: pg.Client, ...all: unknown[]) {
  const [statement, values, ...more] = all;
  if (Array.isArray(values)) return query.call(this, statement, values.map(storable), ...more);
  const given = statement as { values?: unknown; submit?: unknown } | string;
  const isPlain = typeof given === 'object' && given.submit === undefined;
  if (!isPlain || !Array.isArray(given.values)) return query.call(this, ...all);
  return query.call(this, { ...given, values: given.values.map(storable) }, values, ...more);
});

/** A connection pool whose sessions can be recognised in `pg_stat_activity` by `name`. */
export function openDatabase(url: string, name: string, max = 10): Database {
  const pool = new pg.Pool({
    ...clientOptions(url),
    Client: StoringClient,
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
