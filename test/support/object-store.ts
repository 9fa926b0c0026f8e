import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config.ts';
import { readJson } from '../../src/stack/files.ts';
import { startFront } from './object-store-front.mjs';
import { freePort } from './ports.ts';

export interface ObjectStore {
  /** `http://127.0.0.1:port`: the `apiEndpoint` of @google-cloud/storage, the root URL of Spark's connector. */
  endpoint: string;
  /** The value for STORAGE_EMULATOR_HOST, which Google's library uses as the prefix of every URL. */
  emulatorHost: string;
  pid: number;
  /** Makes buckets that are not there yet. */
  buckets(...names: string[]): Promise<void>;
  /** The next object whose name ends so is stored by Google's XML interface, and its writer gets no answer. */
  loseAnswer(suffix: string): Promise<void>;
  stop(): Promise<void>;
}

const startTimeoutMs = 15_000;

/** What `node setup.mjs --tests` installed for tests. */
export function testTool(key: 'objectStore' | 'gcsConnector'): string {
  const { stateFolder } = readConfig();
  const file = path.join(stateFolder, 'toolchain.json');
  const found = readJson<Record<string, unknown>>(file)?.[key];
  if (typeof found === 'string') return found;
  throw new Error(`${file} does not say where ${key} is. Run: node setup.mjs --tests`);
}

/** A bucket service on loopback, its store in a process of its own; it keeps everything in memory. */
export async function startObjectStore(program = testTool('objectStore')): Promise<ObjectStore> {
  // Its answers contain its address, so we choose the port for it; another process may take the port meanwhile.
  for (let attempt = 1; ; attempt += 1) {
    const started = await start(program, await freePort(), await freePort());
    if (typeof started !== 'string') return started;
    if (attempt === 3) throw new Error(`the object store did not start: ${started}`);
  }
}

async function start(program: string, port: number, ownPort: number): Promise<ObjectStore | string> {
  const address = `127.0.0.1:${port}`;
  const endpoint = `http://${address}`;
  const child = spawn(
    program,
    [
      ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(ownPort)],
      ...['-backend', 'memory', '-public-host', address, '-external-url', endpoint, '-log-level', 'error'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  let gone = false;
  child.stderr.on('data', (data: Buffer) => (complaint = (complaint + data.toString()).slice(-2_000)));
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => resolve(void (complaint += error.message)));
    child.once('exit', () => resolve());
  }).then(() => (gone = true));
  const front = await startFront(port, ownPort).catch((error: Error) => error.message);
  const stop = async (): Promise<void> => {
    if (typeof front !== 'string') {
      front.close();
      front.closeAllConnections();
    }
    if (!gone) child.kill('SIGKILL'); // it has nothing to save
    await ended;
  };
  const giveUpAt = Date.now() + startTimeoutMs;
  while (!(await answers(endpoint))) {
    if (gone || typeof front === 'string' || Date.now() > giveUpAt) {
      await stop();
      return complaint || (typeof front === 'string' && front) || `it does not answer at ${endpoint}`;
    }
    await sleep(20);
  }
  return {
    endpoint,
    emulatorHost: `${endpoint}/storage/v1`,
    pid: child.pid!,
    buckets: async (...names) => void (await Promise.all(names.map((name) => makeBucket(endpoint, name)))),
    async loseAnswer(suffix) {
      const query = new URLSearchParams({ suffix });
      await fetch(`${endpoint}/faults/lose-answer?${query.toString()}`, { method: 'POST' });
    },
    stop,
  };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    const answer = await fetch(`${endpoint}/storage/v1/b?project=test`);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

async function makeBucket(endpoint: string, name: string): Promise<void> {
  const answer = await fetch(`${endpoint}/storage/v1/b?project=test`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  const text = await answer.text();
  if (!answer.ok && answer.status !== 409) throw new Error(`bucket ${name}: ${answer.status} ${text}`);
}
