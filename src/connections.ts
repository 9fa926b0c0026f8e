import type { ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';
import type { Config } from './config.ts';
import { isLoopback } from './environment-values.ts';
import { Failure } from './failures.ts';
import { readStack } from './stack/record.ts';
import type { Stack } from './stack/record.ts';

export interface Connections {
  databaseUrl: string;
  temporal: { connection: NativeConnectionOptions & { address: string }; namespace: string };
  sparkSocket: string;
}

/**
 * Whether this installation stands on the embedded stack. The addresses that `sevenfold env` exports are the stack's
 * own, so finding them in the environment changes nothing.
 */
export function usesEmbeddedStack(config: Config): boolean {
  const stack = readStack(config.stateFolder);
  const database = config.databaseUrl === undefined || config.databaseUrl === stack?.databaseUrl;
  const temporal =
    config.temporalProfile === undefined &&
    (config.temporalAddress === undefined || config.temporalAddress === stack?.temporalAddress);
  return database && temporal;
}

/**
 * How the client connects where a worker connects by `connection`. What is on this machine is never reached through a
 * proxy: gRPC would take `http_proxy` for it, whatever `no_proxy` says.
 */
export function clientOptions<Options extends { address: string }>(
  connection: Options,
): Options & Pick<ConnectionOptions, 'channelArgs'> {
  const host = connection.address.replace(/:\d+$/, '');
  return isLoopback(host) ? { ...connection, channelArgs: { 'grpc.enable_http_proxy': 0 } } : connection;
}

/** Where everything is: what the environment says, and the embedded stack for what it does not say. */
export async function resolveConnections(config: Config): Promise<Connections> {
  const stack = readStack(config.stateFolder);
  const databaseUrl = config.databaseUrl ?? stack?.databaseUrl;
  const sparkSocket = config.sparkSocket ?? stack?.sparkSocket;
  if (databaseUrl === undefined || sparkSocket === undefined) {
    throw new Failure('InvalidInput', 'No stack is set up here. Start it with: npx sevenfold up');
  }
  return { databaseUrl, sparkSocket, temporal: await temporalConnection(config, stack) };
}

/** Address, TLS and API key come from the profile file and the variables that the `temporal` command line reads. */
async function temporalConnection(
  config: Config,
  stack: Stack | undefined,
): Promise<Connections['temporal']> {
  const { temporalAddress, temporalProfile } = config;
  // What `sevenfold env` exports is the embedded server's own: a person's default profile and keys are for real ones.
  const isEmbedded = temporalAddress === undefined || temporalAddress === stack?.temporalAddress;
  if (isEmbedded && temporalProfile === undefined) {
    if (stack === undefined)
      throw new Failure('InvalidInput', 'No stack is set up here. Start it with: npx sevenfold up');
    return { connection: { address: stack.temporalAddress }, namespace: stack.temporalNamespace };
  }
  // Loaded only where it is needed: help must not wait for it.
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig();
    return {
      connection: { ...connectionOptions, address: connectionOptions.address ?? 'localhost:7233' },
      namespace: namespace ?? config.temporalNamespace,
    };
  } catch (error) {
    throw new Failure('InvalidInput', `The Temporal profile cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
