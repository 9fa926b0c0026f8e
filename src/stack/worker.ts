import { readFileSync } from 'node:fs';
import type { Addresses } from './addresses.ts';
import { logFile } from './logs.ts';
import { launchOurs } from './node.ts';
import type { Health, Launch, Part } from './part.ts';
import type { ProcessIdentity } from './processes.ts';

// For a worker that does not log that it is ready, because its log level is higher.
const readyAfterMs = 20_000;

/** Has this worker logged that it takes work? Asked by its number and not by the time, for clocks are set back. */
function isReady(log: string, worker: ProcessIdentity): boolean {
  try {
    return readFileSync(log, 'utf8')
      .split('\n')
      .some((line) => {
        if (!line.includes('"worker is ready"')) return false;
        const { pid } = JSON.parse(line) as { pid?: number };
        return pid === worker.pid;
      });
  } catch {
    return false;
  }
}

/**
 * A worker of 200 remote batches in 235 MB instead of 500: V8 would give what is thrown away at once 48 MB in each of its
 * three threads, and the C library would give each thread of Temporal's core a heap of its own and return nothing.
 */
export function lean<Launched extends Pick<Launch, 'args' | 'env'>>(launch: Launched): Launched {
  const args = ['--optimize-for-size', '--max-semi-space-size=2', ...launch.args];
  const memory = {
    MALLOC_ARENA_MAX: '2',
    MALLOC_MMAP_THRESHOLD_: '131072',
    MALLOC_TRIM_THRESHOLD_: '131072',
  };
  return { ...launch, args, env: { ...launch.env, ...memory } };
}

/** The worker. */
export function workerPart(addresses: Addresses, checkout: string): Part {
  const log = logFile(addresses.stateFolder, 'worker');
  let seen: { pid: number; at: number } | undefined;
  return {
    name: 'worker',
    needs: ['postgres', 'temporal', 'spark'],
    runsOurCode: true,
    // Longer than its own time to let activities stop watching.
    stop: { signal: 'SIGTERM', graceMs: 12_000 },
    silentLimitMs: 60_000,
    address: () => null,
    prepare: async () => lean(await launchOurs('worker', checkout, addresses)),
    // Once it is ready, being there is all that can be seen of it from here: what else it is, the supervisor watches.
    async health(worker): Promise<Health> {
      if (seen?.pid !== worker.pid) seen = { pid: worker.pid, at: performance.now() };
      const isOld = performance.now() - seen.at > readyAfterMs;
      return isOld || isReady(log, worker) ? 'serving' : 'starting';
    },
  };
}
