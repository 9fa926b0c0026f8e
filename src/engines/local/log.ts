import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The log of a batch whose driver runs on this machine. */
export function driverLog({ stateFolder }: { stateFolder: string }, batchId: string): string {
  return path.join(stateFolder, 'batches', batchId, 'driver.log');
}

export function readDriverLog(config: { stateFolder: string }, batchId: string): string | undefined {
  const file = driverLog(config, batchId);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
