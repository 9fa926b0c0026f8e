import type { RemoteBatch } from '../engine.ts';
import type { ServiceBatch } from './client.ts';

/** What the service calls a batch, and how it was set up there. */
export function remoteOf(batch: ServiceBatch): RemoteBatch {
  const usage = batch.runtimeInfo?.approximateUsage;
  return {
    ...(batch.name && { batchName: batch.name }),
    ...(batch.operation && { operation: batch.operation }),
    ...(batch.runtimeInfo?.outputUri && { outputUri: batch.runtimeInfo.outputUri }),
    ...(batch.runtimeConfig?.version && { runtimeVersion: batch.runtimeConfig.version }),
    ...(batch.runtimeConfig?.containerImage && { containerImage: batch.runtimeConfig.containerImage }),
    ...(batch.runtimeConfig?.properties && { properties: unprefixed(batch.runtimeConfig.properties) }),
    ...(usage && {
      approximateUsage: {
        milliDcuSeconds: String(usage.milliDcuSeconds ?? 0),
        shuffleStorageGbSeconds: String(usage.shuffleStorageGbSeconds ?? 0),
      },
    }),
  };
}

/** The service gives them back as `spark:spark.executor.cores`. */
function unprefixed(properties: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name.replace(/^spark:/, ''), value]),
  );
}

type Timestamp = { seconds?: number | string | { toString(): string } | null; nanos?: number | null };

export function timeOf(time: Timestamp | null | undefined): Date | undefined {
  if (time?.seconds == null) return undefined;
  return new Date(Number(time.seconds.toString()) * 1000 + (time.nanos ?? 0) / 1e6);
}

/** When it began to run: `stateHistory` holds past states only. */
export function startOf(batch: ServiceBatch): Date | undefined {
  if (batch.state === 'RUNNING') return timeOf(batch.stateTime);
  const ran = batch.stateHistory?.find(({ state }) => state === 'RUNNING');
  return timeOf(ran?.stateStartTime);
}
