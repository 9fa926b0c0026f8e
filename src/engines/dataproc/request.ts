import { labelsOf } from '../../planning/labels.ts';
import type { BatchRequest } from '../engine.ts';
import type { ServiceBatch } from './client.ts';

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

/** The service's minimum. It ends a batch by its time to live even when no worker of ours is left. */
const shortestTtlSeconds = 600;
/** Added to our own limit, so that ours ends the batch first: its message says more. */
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
