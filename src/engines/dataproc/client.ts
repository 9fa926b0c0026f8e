import type { protos } from '@google-cloud/dataproc';
// The package itself loads all its clients and 4.5 MB of generated code that none of them uses: 30 MB of each worker.
import type { BatchControllerClient } from '@google-cloud/dataproc/build/src/v1/batch_controller_client.js';

/** A batch as the service describes it. */
export type ServiceBatch = protos.google.cloud.dataproc.v1.IBatch;
export type BatchClient = BatchControllerClient;

export interface ClientOptions {
  region: string;
  /** Tests only: a service on loopback, in plain text and without credentials. */
  emulator?: { host: string; port: number };
}

/** Where there are no credentials the library may look for a metadata server for very long. */
const initializeTimeoutMs = 20_000;

/**
 * A client that is known to work. Calling a method of one that is not would end the process with an exception that
 * nobody can catch, so everything that can be wrong must show here.
 */
export async function openClient({ region, emulator }: ClientOptions): Promise<BatchClient> {
  // Loaded where it is used: half a second that a command which asks the ledger need not wait.
  const { BatchControllerClient: Client } =
    await import('@google-cloud/dataproc/build/src/v1/batch_controller_client.js');
  const { OAuth2Client } = await import('google-auth-library');
  const { grpc } = await import('google-gax');
  const client = new Client(
    emulator === undefined
      ? { apiEndpoint: `${region}-dataproc.googleapis.com` }
      : {
          apiEndpoint: emulator.host,
          port: emulator.port,
          sslCreds: grpc.credentials.createInsecure(),
          authClient: new OAuth2Client(),
        },
  );
  const timer = new AbortController();
  try {
    await Promise.race([
      client.initialize(),
      new Promise((_, reject) => {
        const late = setTimeout(
          () => reject(new Error(`no credentials were found within ${initializeTimeoutMs / 1000} s`)),
          initializeTimeoutMs,
        );
        timer.signal.addEventListener('abort', () => clearTimeout(late));
      }),
    ]);
    if (emulator === undefined) await client.auth.getClient();
  } finally {
    timer.abort();
  }
  return client;
}
