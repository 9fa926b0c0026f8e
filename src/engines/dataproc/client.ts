import { v1 } from '@google-cloud/dataproc';
import type { protos } from '@google-cloud/dataproc';
import { OAuth2Client } from 'google-auth-library';
import { grpc } from 'google-gax';

/** A batch as the service describes it. */
export type ServiceBatch = protos.google.cloud.dataproc.v1.IBatch;
export type BatchClient = v1.BatchControllerClient;

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
  const client = new v1.BatchControllerClient(
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
