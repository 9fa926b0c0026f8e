import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config.ts';

/** What is kept of a batch's output. */
export interface BatchLog {
  /** A file, or `gs://…`; also where nothing is there (yet). */
  place: string;
  /** Undefined where there is none. */
  text: string | undefined;
}

export interface LoggedBatch {
  batchId: string;
  engine: string;
  remote: { outputUri?: string };
}

/** The log of a batch whose driver runs on this machine. */
export function localLog({ stateFolder }: Pick<Config, 'stateFolder'>, batchId: string): string {
  return path.join(stateFolder, 'batches', batchId, 'driver.log');
}

/** Where the log of a batch lies; undefined where the service that runs it has not said yet. */
export function placeOfLog(
  config: Pick<Config, 'stateFolder'>,
  { batchId, engine, remote }: LoggedBatch,
): string | undefined {
  return engine === 'dataproc' ? remote.outputUri && `${remote.outputUri}*` : localLog(config, batchId);
}

/** What a batch wrote, wherever it ran. */
export async function readLog(
  config: Pick<Config, 'stateFolder' | 'dataproc'>,
  batch: LoggedBatch,
): Promise<BatchLog | undefined> {
  const place = placeOfLog(config, batch);
  if (place === undefined) return undefined;
  if (batch.engine !== 'dataproc') {
    return { place, text: existsSync(place) ? readFileSync(place, 'utf8') : undefined };
  }
  return { place, text: await readObjects(config.dataproc, batch.remote.outputUri!) };
}

async function readObjects(
  { projectId, storageEndpoint: endpoint }: Config['dataproc'],
  outputUri: string,
): Promise<string | undefined> {
  // Half a second of imports that a local log does not need.
  const [{ Bucket }, { readOutput }] = await Promise.all([
    import('./dataproc/bucket.ts'),
    import('./dataproc/output.ts'),
  ]);
  const open = (name: string) =>
    new Bucket({ projectId: projectId ?? '', name, ...(endpoint !== undefined && { endpoint }) });
  return readOutput(open, outputUri, 'all');
}
