import path from 'node:path';
import type { Addresses } from './addresses.ts';
import { launchOurs } from './node.ts';
import type { Health, Part } from './part.ts';

// What is wrong with its code or its settings ends a worker within this time.
const settledAfterMs = 1_000;

/** The worker. */
export function workerPart(addresses: Addresses, checkout: string): Part {
  return {
    name: 'worker',
    needs: ['postgres', 'temporal', 'spark'],
    runsOurCode: true,
    // Longer than its own time to let activities stop watching.
    stop: { signal: 'SIGTERM', graceMs: 12_000 },
    silentLimitMs: 60_000,
    address: () => null,
    prepare: async () => launchOurs(path.join(checkout, 'worker.ts'), checkout, addresses),
    health: async (_process, startedAt): Promise<Health> =>
      Date.now() - startedAt < settledAfterMs ? 'starting' : 'serving',
  };
}
