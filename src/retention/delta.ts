import type { Config } from '../config.ts';
import type { Database } from '../database/pool.ts';
import { askPython } from '../python.ts';
import type { Pruned } from './tables.ts';

/** What the module says (spark/sevenfold_jobs/sinks/maintain.py). */
interface Maintained extends Omit<Pruned, 'what'> {
  /** Null where there is no table any more. */
  table: string | null;
  files: number;
}

/** Where the Delta tables of a ledger lie, and what it takes to work with them. */
export interface TablesOfLedger {
  config: Pick<Config, 'stateFolder' | 'checkout'>;
  databaseUrl: string;
}

/**
 * Removes files of Delta tables that no version of the last seven days needs, and writes a checkpoint where many versions
 * follow the last one; each table behind its lock. A table that is gone is forgotten. One that cannot be read keeps no other
 * from its turn: what is wrong with the first such is thrown at the end.
 */
export async function pruneDeltaTables(
  database: Database,
  place: TablesOfLedger,
  dryRun: boolean,
): Promise<Pruned[]> {
  const pruned: Pruned[] = [];
  const troubles: unknown[] = [];
  for (const path of await tables(database)) {
    try {
      const { table, files, ...found } = await maintain(place, { path, do: 'clean', dryRun });
      if (table === null && !dryRun) await database.query('delete from delta_tables where path = $1', [path]);
      if (files > 0) pruned.push({ ...found, what: `${path} (old files)`, rows: files });
    } catch (error) {
      troubles.push(error);
    }
  }
  if (troubles.length > 0) throw troubles[0];
  return pruned;
}

/** Takes a price series out of the newest version of every table; its files go when they are old. */
export async function dropFromDeltaTables(
  database: Pick<Database, 'query'>,
  place: TablesOfLedger,
  series: string,
  dryRun: boolean,
): Promise<Pruned[]> {
  const pruned: Pruned[] = [];
  for (const path of await tables(database)) {
    const { files, rows, bytes } = await maintain(place, { path, do: 'drop', commodity: series, dryRun });
    if (files > 0) pruned.push({ what: `${path} (rows)`, rows, bytes, oldest: null, newest: null });
  }
  return pruned;
}

async function tables(database: Pick<Database, 'query'>): Promise<string[]> {
  const { rows } = await database.query<{ path: string }>('select path from delta_tables order by path');
  return rows.map(({ path }) => path);
}

function maintain(
  { config, databaseUrl }: TablesOfLedger,
  request: Record<string, unknown>,
): Promise<Maintained> {
  return askPython<Maintained>(config, 'sevenfold_jobs.sinks.maintain', request, databaseUrl);
}
