import { randomUUID } from 'node:crypto';
import type { Batch, CreateBatchRequest } from './api.ts';
import { codes, Refusal } from './api.ts';
import type { Node } from './nodes.ts';
import { nodesOf } from './nodes.ts';

export interface Checked {
  parent: string;
  batchId: string;
  requestId: string | undefined;
  batch: Batch;
  properties: Record<string, string>;
  nodes: Node[];
}

const day = 86_400;

/** What the service refuses at once; it looks at no file before the batch runs. */
export function checkCreate({ parent, batchId, requestId, batch }: CreateBatchRequest): Checked {
  if (!/^projects\/[^/]+\/locations\/[^/]+$/.test(parent ?? '')) refuse(`Invalid parent: "${parent}"`);
  if (!batch) refuse('Batch is required');
  const id = batchId || randomUUID();
  if (!/^[a-z0-9-]{4,63}$/.test(id)) refuse(`Invalid batch id "${id}": 4 to 63 characters of a-z, 0-9 and -`);
  if (requestId && !/^[A-Za-z0-9_-]{1,40}$/.test(requestId)) refuse(`Invalid request id "${requestId}"`);
  if (
    batch.sparkBatch ||
    batch.sparkRBatch ||
    batch.sparkSqlBatch ||
    batch.pysparkBatch?.archiveUris?.length
  ) {
    throw new Refusal(codes.UNIMPLEMENTED, 'The emulator runs Python batches without archives only');
  }
  const { pysparkBatch: job, runtimeConfig } = batch;
  if (!job?.mainPythonFileUri?.endsWith('.py')) refuse('pysparkBatch.mainPythonFileUri must name a .py file');
  checkLabels(batch.labels ?? {});
  const version = runtimeConfig?.version || '2.3';
  if (!/^(1\.[12]|2\.[0-3])(\.\d+)?$/.test(version)) refuse(`Unsupported runtime version ${version}`);
  const { ttl, idleTtl } = batch.environmentConfig?.executionConfig ?? {};
  if (idleTtl) refuse('idleTtl is for sessions, not for batches');
  const seconds = Number(ttl?.seconds ?? 600);
  if (seconds < 600 || seconds > 14 * day) refuse('ttl must be between 10 minutes and 14 days');
  const properties = Object.fromEntries(
    Object.entries(runtimeConfig?.properties ?? {}).map(([name, value]) => [
      name.replace(/^spark:/, ''),
      value,
    ]),
  );
  return {
    parent: parent!,
    batchId: id,
    requestId: requestId || undefined,
    batch: { ...batch, runtimeConfig: { ...runtimeConfig, version } },
    properties,
    nodes: nodesOf(properties),
  };
}

/** How long it may run, in seconds: what was asked for, else 4 hours from runtime 2.1 on and no end before that. */
export function ttlOf({ environmentConfig, runtimeConfig }: Batch): number {
  const { ttl } = environmentConfig?.executionConfig ?? {};
  if (ttl?.seconds != null) return Number(ttl.seconds);
  return /^2\.[1-9]/.test(runtimeConfig?.version ?? '') ? 4 * 3_600 : Number.POSITIVE_INFINITY;
}

/** What such a runtime says when it meets a class of another Scala: 1.x have 2.12, 2.x have 2.13. */
export function wrongScala({ runtimeConfig, pysparkBatch }: Batch, packages: string): string | undefined {
  const scala = runtimeConfig?.version?.startsWith('1.') ? '2.12' : '2.13';
  const artifacts = [...(pysparkBatch?.jarFileUris ?? []), ...packages.split(',')];
  const wrong = artifacts.find((one) => /_2\.1[23]\b/.test(one) && !one.includes(`_${scala}`));
  if (wrong === undefined) return undefined;
  const missing = scala === '2.13' ? 'scala/Serializable' : 'scala/collection/StringOps$';
  return [
    `Exception in thread "main" java.lang.NoClassDefFoundError: ${missing}`,
    `Caused by: java.lang.ClassNotFoundException: ${missing.replaceAll('/', '.')}`,
    `    while loading ${wrong} (this runtime has Scala ${scala})`,
  ].join('\n');
}

function checkLabels(labels: Record<string, string>): void {
  const entries = Object.entries(labels);
  if (entries.length > 32) refuse('No more than 32 labels');
  for (const [key, value] of entries) {
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(key)) refuse(`Invalid label key "${key}"`);
    if (!/^[a-z0-9_-]{0,63}$/.test(value)) refuse(`Invalid value "${value}" of label ${key}`);
  }
}

function refuse(why: string): never {
  throw new Refusal(codes.INVALID_ARGUMENT, why);
}
