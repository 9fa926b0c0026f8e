import path from 'node:path';
import { readConfig } from '../../src/config.ts';
import { createDataprocEngine } from '../../src/engines/dataproc/engine.ts';
import type { DataprocOptions } from '../../src/engines/dataproc/options.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { startDataproc } from '../dataproc/service.ts';
import type { DataprocService, DataprocServiceOptions } from '../dataproc/service.ts';
import { startObjectStore, testTool } from './object-store.ts';
import type { ObjectStore } from './object-store.ts';

/** The service and the object store on loopback, and an engine that sends its batches there. */
export interface TestDataproc {
  service: DataprocService;
  store: ObjectStore;
  bucket: string;
  /** Another client of the same service, as another worker has. */
  engine(change?: Partial<DataprocOptions>): Promise<Engine>;
  stop(): Promise<void>;
}

const bucket = 'sevenfold-temp';

export async function startTestDataproc(
  options: Partial<DataprocServiceOptions> = {},
): Promise<TestDataproc> {
  const config = readConfig();
  const { python, javaHome, jars } = locateToolchain(config.stateFolder);
  const store = await startObjectStore();
  await store.buckets(bucket);
  const service = await startDataproc({
    python,
    javaHome,
    objectStore: store.endpoint,
    connectorJar: testTool('gcsConnector'),
    bucket,
    driverMemory: '1g',
    ...options,
  });
  const spark = path.join(config.checkout, 'spark');
  return {
    service,
    store,
    bucket,
    engine: (change = {}) =>
      createDataprocEngine({
        projectId: service.projectId,
        region: service.region,
        tempBucket: bucket,
        resultsBucket: bucket,
        runtimeVersion: '1.2',
        minExecutors: 2,
        maxExecutors: 100,
        databaseSecret: service.databaseSecret,
        codeFolders: [spark, path.join(spark, 'tests', 'jobs')],
        jars,
        emulator: { host: service.host, port: service.port },
        storageEndpoint: store.endpoint,
        pollMs: { first: 50, longest: 200 },
        ...change,
      }),
    async stop() {
      await service.stop();
      await store.stop();
    },
  };
}
