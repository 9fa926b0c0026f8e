import { programArguments } from '../../setup/programs.mjs';
import type { Addresses } from './addresses.ts';
import type { Launch } from './part.ts';

// What may point at another database or Temporal, or bring keys for one.
const elsewhere = /^(DATABASE_URL|DB_|TEMPORAL_)/;

/** The environment without what speaks of a database or a Temporal that is not the embedded one. */
export function embeddedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !elsewhere.test(name)));
}

/**
 * A process of our own code. It finds Temporal by `stack.json`: with its address in the environment, the person's own
 * profile (TLS, keys for a real cluster) would be applied to the embedded server.
 */
export async function launchOurs(program: string, checkout: string, addresses: Addresses): Promise<Launch> {
  return {
    command: process.execPath,
    args: await programArguments(program),
    cwd: checkout,
    env: {
      ...embeddedEnvironment(),
      DATABASE_URL: addresses.databaseUrl(),
      SEVENFOLD_STATE: addresses.stateFolder,
      SEVENFOLD_SPARK_SOCKET: addresses.sparkSocket,
    },
  };
}
