/** Brings the schema up to this code's and ends: `node launch.mjs migrate`. */
import { readConfig } from '../config.ts';
import { Failure } from '../failures.ts';
import { migrate } from './migrate.ts';

try {
  const { databaseUrl } = readConfig();
  if (databaseUrl === undefined)
    throw new Failure('InvalidInput', 'No database is configured: set SEVENFOLD_DATABASE_SECRET or DB_HOST.');
  for (const name of await migrate(databaseUrl)) console.error(`migration ${name} applied`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
