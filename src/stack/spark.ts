import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeeperHealth } from '../engines/local/protocol.ts';
import type { Addresses } from './addresses.ts';
import { launchOurs } from './node.ts';
import type { Health, Part } from './part.ts';

/** How the keeper is, by its own word; undefined where it does not answer. */
export function askKeeper(socketPath: string, timeoutMs = 5_000): Promise<KeeperHealth | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath);
    let said = '';
    const finish = (health?: KeeperHealth): void => {
      socket.destroy();
      resolve(health);
    };
    socket.setTimeout(timeoutMs, () => finish());
    socket.once('error', () => finish());
    socket.once('close', () => finish());
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('\n')) finish(healthIn(said));
    });
    socket.write(`${JSON.stringify({ method: 'health' })}\n`);
  });
}

function healthIn(answer: string): KeeperHealth | undefined {
  try {
    return (JSON.parse(answer) as { value?: KeeperHealth }).value;
  } catch {
    return undefined;
  }
}

/** What keeps batches from running although the keeper answers; null where nothing does. */
export function troubleOf({ jvm }: KeeperHealth): string | null {
  return jvm.state === 'failing' ? `the JVM does not start: ${jvm.problem ?? 'no reason given'}` : null;
}

/** Waits until the JVM has come up or has failed to, which the keeper itself does not wait for. */
export async function settledJvm(socketPath: string, timeoutMs = 30_000): Promise<KeeperHealth | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const health = await askKeeper(socketPath);
    if (health?.jvm.state !== 'starting' || performance.now() > deadline) return health;
    await sleep(100);
  }
}

/** The keeper, which holds the JVM and starts the jobs. */
export function sparkPart(addresses: Addresses, checkout: string): Part {
  let trouble: string | null = null;
  return {
    name: 'spark',
    needs: [],
    runsOurCode: true,
    stop: { signal: 'SIGTERM', graceMs: 3_000 },
    silentLimitMs: 60_000,
    address: () => addresses.sparkSocket,
    prepare: async () => launchOurs('keeper', checkout, addresses),
    async health(): Promise<Health> {
      const health = await askKeeper(addresses.sparkSocket);
      trouble = health === undefined ? null : troubleOf(health);
      return health === undefined ? 'silent' : 'serving';
    },
    trouble: () => trouble,
  };
}
