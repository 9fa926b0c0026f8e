import { join } from 'node:path';
import type { Config } from './config.ts';

/** The engine that a run's batches reach in the end: a queue has none, the fleet that serves it (this worker) does. */
export function behindQueue(config: Config, engine: string | null): string {
  return engine === 'queue' ? config.modeBehindQueue : (engine ?? 'local');
}

/** Where things lie that are too large for a table: where every process of the engine can read them. */
export function objectsOf(config: Config, engine: string | null): string {
  if (config.objects === undefined && behindQueue(config, engine) === 'dataproc') {
    const { resultsBucket, tempBucket } = config.dataproc;
    return `gs://${resultsBucket ?? tempBucket}/objects`;
  }
  return ofThisMachine(config);
}

/** The folder of those that lie on this machine; undefined where they are kept in a bucket. */
export function objectsFolder(config: Pick<Config, 'stateFolder' | 'objects'>): string | undefined {
  const place = ofThisMachine(config);
  return place.startsWith('gs://') ? undefined : place;
}

function ofThisMachine({ objects, stateFolder }: Pick<Config, 'stateFolder' | 'objects'>): string {
  return objects ?? join(stateFolder, 'objects');
}
