import type { EngineConfig, LoggedBatch } from './engine.ts';
import { findEngine } from './index.ts';

/** What is kept of a batch's output. */
export interface BatchLog {
  /** A file, or `gs://…`; also where nothing is there (yet). */
  place: string;
  /** Undefined where there is none. */
  text: string | undefined;
}

type SentTo = LoggedBatch & { engine: string };

/** Where the log of a batch lies; undefined where its engine has not said yet, or is not in this version. */
export function placeOfLog(config: EngineConfig, batch: SentTo): string | undefined {
  return findEngine(config, batch.engine)?.logPlace(batch, config);
}

/** What a batch wrote, wherever it ran. */
export async function readLog(config: EngineConfig, batch: SentTo): Promise<BatchLog | undefined> {
  const place = placeOfLog(config, batch);
  if (place === undefined) return undefined;
  return { place, text: await findEngine(config, batch.engine)!.readLog(batch, config) };
}
