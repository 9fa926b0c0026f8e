import { env as inherited } from 'node:process';
import { programArguments } from '../../setup/programs.mjs';
import { embeddedEnvironment } from '../child-environment.ts';
import type { Addresses } from './addresses.ts';
import type { Launch } from './part.ts';

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
      ...embeddedEnvironment(inherited),
      DATABASE_URL: addresses.databaseUrl(),
      SEVENFOLD_STATE: addresses.stateFolder,
      SEVENFOLD_SPARK_SOCKET: addresses.sparkSocket,
    },
  };
}
