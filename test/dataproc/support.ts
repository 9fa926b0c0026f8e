import { v1 } from '@google-cloud/dataproc';
import { credentials } from '@grpc/grpc-js';
import { OAuth2Client } from 'google-auth-library';
import { readConfig } from '../../src/config.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import type { ObjectStore } from '../support/object-store.ts';
import { startObjectStore } from '../support/object-store.ts';
import type { Batch } from './api.ts';
import { Objects } from './objects.ts';
import type { DataprocService, DataprocServiceOptions } from './service.ts';
import { startDataproc } from './service.ts';
import { until } from '../support/until.ts';

export const bucket = 'sevenfold-temp';
export const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

export interface Emulated {
  service: DataprocService;
  store: ObjectStore;
  objects: Objects;
  client: v1.BatchControllerClient;
  parent: string;
  /** Uploads a main file; answers its address. */
  main: (name: string, ...lines: string[]) => Promise<string>;
  /** Answers the name of the operation. */
  create: (batchId: string, main: string, more?: Partial<Batch>, requestId?: string) => Promise<string>;
  get: (batchId: string) => Promise<Batch>;
  /** As it is when it is in one of these states. */
  reach: (batchId: string, states: string[], timeoutMs?: number) => Promise<Batch>;
  end: (batchId: string, timeoutMs?: number) => Promise<Batch>;
  output: (batch: Batch) => Promise<string>;
  stop: () => Promise<void>;
}

/** The service with an object store, and the real client. */
export async function startEmulated(options: Partial<DataprocServiceOptions> = {}): Promise<Emulated> {
  const { python, javaHome } = locateToolchain(readConfig().stateFolder);
  const store = await startObjectStore();
  await store.buckets(bucket);
  const service = await startDataproc({
    ...{ python, javaHome, bucket, objectStore: store.endpoint, pendingMs: 50 },
    ...options,
  });
  const client = new v1.BatchControllerClient({
    apiEndpoint: service.host,
    port: service.port,
    sslCreds: credentials.createInsecure(),
    authClient: new OAuth2Client(),
  });
  await client.initialize();
  const parent = `projects/${service.projectId}/locations/${service.region}`;
  const objects = new Objects(store.endpoint, '/nowhere');
  const get = async (batchId: string): Promise<Batch> =>
    (await client.getBatch({ name: `${parent}/batches/${batchId}` }))[0];
  const reach: Emulated['reach'] = (batchId, states, timeoutMs) =>
    until(
      `${batchId} ${states.join(' or ')}`,
      async () => {
        const batch = await get(batchId);
        return states.includes(String(batch.state)) && batch;
      },
      timeoutMs,
    );
  return {
    ...{ service, store, objects, client, parent, get, reach },
    async main(name, ...lines) {
      const uri = `gs://${bucket}/code/${name}.py`;
      await objects.write(uri, `${lines.join('\n')}\n`);
      return uri;
    },
    async create(batchId, mainPythonFileUri, more = {}, requestId = '') {
      const batch = { ...more, pysparkBatch: { mainPythonFileUri, ...more.pysparkBatch } };
      const [operation] = await client.createBatch({ parent, batchId, batch, requestId });
      return operation.name ?? '';
    },
    end: (batchId, timeoutMs) => reach(batchId, ['SUCCEEDED', 'FAILED', 'CANCELLED'], timeoutMs),
    output: async (batch) => (await objects.read(`${batch.runtimeInfo!.outputUri}.000000000`)).toString(),
    async stop() {
      await client.close();
      await service.stop();
      await store.stop();
    },
  };
}
