import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Database } from '../database/pool.ts';
import type { Engines } from '../engines/choose.ts';

/** What activities need of the world; a test passes its own. */
export interface Dependencies {
  config: Config;
  database: Database;
  /** Handed to the jobs; never logged, never stored. */
  databaseUrl: string;
  engines: Engines;
  /** Asked whether the holder of a claim is still open, and what waits for nobody. */
  temporal: Pick<Client, 'workflow' | 'workflowService' | 'options'>;
  log: Logger;
}
