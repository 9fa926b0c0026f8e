import net from 'node:net';
import type { Addresses } from './addresses.ts';
import { launchOurs } from './node.ts';
import type { Health, Part } from './part.ts';

/** One question to the keeper: does it answer? What it answers is its own affair. */
function answers(socketPath: string, timeoutMs = 5_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath);
    const finish = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(timeoutMs, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('data', () => finish(true));
    socket.once('close', () => finish(false));
    socket.write(`${JSON.stringify({ method: 'health' })}\n`);
  });
}

/** The keeper, which holds the JVM and starts the jobs. */
export function sparkPart(addresses: Addresses, checkout: string): Part {
  return {
    name: 'spark',
    needs: [],
    runsOurCode: true,
    stop: { signal: 'SIGTERM', graceMs: 3_000 },
    silentLimitMs: 60_000,
    address: () => addresses.sparkSocket,
    prepare: async () => launchOurs('keeper', checkout, addresses),
    health: async (): Promise<Health> => ((await answers(addresses.sparkSocket)) ? 'serving' : 'silent'),
  };
}
