import { join } from 'node:path';
import type { Dependencies } from './dependencies.ts';

/** The engine that a run's batches reach in the end: a queue has none, the fleet that serves it (this worker) does. */
export function behindQueue(config: Dependencies['config'], engine: string | null): string {
  return engine === 'queue' ? config.modeBehindQueue : (engine ?? 'local');
}

/** Where things lie that are too large for a table: where every process of the engine can read them. */
export function objectsOf(config: Dependencies['config'], engine: string | null): string {
  if (config.objects !== undefined) return config.objects;
  const { resultsBucket, tempBucket } = config.dataproc;
  if (behindQueue(config, engine) === 'dataproc') return `gs://${resultsBucket ?? tempBucket}/objects`;
  return join(config.stateFolder, 'objects');
}
