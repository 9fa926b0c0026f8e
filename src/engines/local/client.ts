import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../failures.ts';
import { isTerminal } from '../engine.ts';
import type { BatchObservation, Engine } from '../engine.ts';
import type { KeeperAnswer, KeeperHealth, KeeperRequest } from './protocol.ts';

export interface LocalEngineOptions {
  /** Where the keeper of the state folder listens. */
  socketPath: string;
  /** How long a keeper that is being restarted is waited for. */
  patienceMs?: number;
}

export interface LocalEngine extends Engine {
  /** All batches that the keeper still knows. */
  list(): Promise<BatchObservation[]>;
  /** How the keeper, its JVM and its queue are. */
  health(): Promise<KeeperHealth>;
}

/** A keeper answers everything but a wait and a cancel within milliseconds. */
const answerTimeoutMs = 30_000;
/** Kill, Spark's own cleaning, and a JVM that must be replaced for it. */
const cancelTimeoutMs = 60_000;
const retryEveryMs = 100;

/**
 * Batches on this machine, through its keeper. Each call is a connection of its own: every request may be repeated, so a
 * keeper that goes away in the middle is simply asked again when the next one listens.
 */
export function createLocalEngine({ socketPath, patienceMs = 30_000 }: LocalEngineOptions): LocalEngine {
  const closed = new AbortController();

  async function ask<T>(request: KeeperRequest, timeoutMs: number, signal?: AbortSignal): Promise<T> {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      try {
        const answer = await askOnce(socketPath, request, timeoutMs, signal);
        if ('error' in answer) throw new Failure(answer.error.type, answer.error.message);
        return (answer.value ?? undefined) as T;
      } catch (error) {
        if (error instanceof Failure || signal?.aborted) throw error;
        if (performance.now() >= giveUpAt || closed.signal.aborted) throw unreachable(error as Error);
      }
      await sleep(retryEveryMs);
    }
  }

  function unreachable(cause: Error): Failure {
    return new Failure(
      'Infrastructure',
      `The Spark keeper does not answer at ${socketPath} (${cause.message}). Look at: npx sevenfold status`,
      { cause },
    );
  }

  return {
    name: 'local',
    lookMs: 1_000,
    look: (batchId) => ask({ method: 'look', batchId }, answerTimeoutMs),
    create: (request, environment) => ask({ method: 'submit', request, environment }, answerTimeoutMs),
    async lookForChange(batchId, than, waitMs, signal) {
      try {
        return await ask(
          { method: 'lookForChange', batchId, than, waitMs },
          waitMs + answerTimeoutMs,
          signal,
        );
      } catch (error) {
        // The wait was given up; answer with what is known now.
        if (signal?.aborted) return ask({ method: 'look', batchId }, answerTimeoutMs);
        throw error;
      }
    },
    cancel: (batchId) => ask({ method: 'cancel', batchId }, cancelTimeoutMs),
    async listOpen() {
      const all: BatchObservation[] = await ask({ method: 'list' }, answerTimeoutMs);
      return all.filter(({ state }) => !isTerminal(state));
    },
    list: () => ask({ method: 'list' }, answerTimeoutMs),
    health: () => ask({ method: 'health' }, answerTimeoutMs),
    async close() {
      closed.abort();
    },
  };
}

async function askOnce(
  socketPath: string,
  request: KeeperRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<KeeperAnswer> {
  signal?.throwIfAborted();
  const socket = connect(socketPath);
  const abort = (): void => void socket.destroy(new Error('the wait was given up'));
  const timer = setTimeout(() => socket.destroy(new Error(`no answer for ${timeoutMs / 1000} s`)), timeoutMs);
  signal?.addEventListener('abort', abort);
  try {
    return await new Promise<KeeperAnswer>((resolve, reject) => {
      socket.on('error', reject).on('close', () => reject(new Error('it closed the connection')));
      createInterface({ input: socket })
        .on('error', reject)
        .on('line', (line) => resolve(JSON.parse(line) as KeeperAnswer));
      socket.write(`${JSON.stringify(request)}\n`);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
}
