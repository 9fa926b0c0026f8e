import { join } from 'node:path';
import type { Config } from './config.ts';
import { findEngine } from './engines/index.ts';
import { thisMachine } from './engines/names.ts';
import type { Mode } from './engines/names.ts';

/** The engine that carries out the batches of a run: for one that went to the queue, that of the workers that serve it. */
export function effectiveEngine(
  { queueEngine }: Pick<Config, 'queueEngine'>,
  runEngine: string | null,
): string {
  return runEngine === ('queue' satisfies Mode) ? queueEngine : (runEngine ?? thisMachine);
}

/** Where things lie that are too large for a table: where every process of the run's engine can read them. */
export function objectsOf(config: Config, runEngine: string | null): string {
  const engine = findEngine(config, effectiveEngine(config, runEngine));
  return config.objects ?? engine?.objectsRoot?.() ?? ownFolder(config);
}

/** The folder of those that lie on this machine; undefined where they are kept in a bucket. */
export function objectsFolder(config: Pick<Config, 'stateFolder' | 'objects'>): string | undefined {
  const place = config.objects ?? ownFolder(config);
  return place.startsWith('gs://') ? undefined : place;
}

function ownFolder({ stateFolder }: Pick<Config, 'stateFolder'>): string {
  return join(stateFolder, 'objects');
}
