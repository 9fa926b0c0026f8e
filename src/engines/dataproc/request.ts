import type { BatchRequest } from '../engine.ts';
import type { ServiceBatch } from './client.ts';
import { labelsOf } from '../../planning/labels.ts';

/** What of a batch is the installation's and not the request's. */
export interface BatchSurroundings {
  runtimeVersion: string;
  containerImage?: string | undefined;
  serviceAccount?: string | undefined;
  subnetwork?: string | undefined;
  stagingBucket: string;
  /** Addresses in the bucket. */
  entry: string;
  code: string;
  jars: readonly string[];
  request: string;
  results: string;
  properties: Record<string, string>;
}

/** The service takes none that is shorter, and ends a batch by it even when nobody of ours is left. */
const shortestTtlSeconds = 600;
/** Beyond our own limit, which says more when it ends a batch. */
const graceSeconds = 300;

/** The body of a create. Holds no secret: only the name of one. */
export function describeBatch(request: BatchRequest, around: BatchSurroundings): ServiceBatch {
  const seconds = Math.ceil(request.timeoutMs / 1000) + graceSeconds;
  return {
    labels: labelsOf({
      ...request.labels,
      job: request.job,
      'time-limit-s': String(Math.ceil(request.timeoutMs / 1000)),
    }),
    pysparkBatch: {
      mainPythonFileUri: around.entry,
      pythonFileUris: [around.code],
      jarFileUris: [...around.jars],
      args: ['--request', around.request, '--results', around.results],
    },
    runtimeConfig: {
      version: around.runtimeVersion,
      ...(around.containerImage !== undefined && { containerImage: around.containerImage }),
      properties: around.properties,
    },
    environmentConfig: {
      executionConfig: {
        ttl: { seconds: String(Math.max(shortestTtlSeconds, seconds)), nanos: 0 },
        stagingBucket: around.stagingBucket,
        ...(around.serviceAccount !== undefined && { serviceAccount: around.serviceAccount }),
        ...(around.subnetwork !== undefined && { subnetworkUri: around.subnetwork }),
      },
    },
  };
}
