import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { taskQueues } from '../config.ts';
import { createLog } from '../log.ts';
import { Addresses } from './addresses.ts';
import { codeVersion } from './code-version.ts';
import { endParts, readRecords } from './ending.ts';
import { writeJson } from './files.ts';
import { holdsLock, ourselves, tryLock, unlock } from './lock.ts';
import { logFile, rotateQuietly } from './logs.ts';
import type { Part } from './part.ts';
import { stackFile } from './record.ts';
import type { Stack } from './record.ts';
import { PartWatch } from './watch.ts';

export function supervisorLock(stateFolder: string): string {
  return path.join(stateFolder, 'supervisor.lock');
}

export interface Supervision {
  checkout: string;
  stateFolder: string;
  /** The parts that make up the stack. */
  parts: (addresses: Addresses) => Part[];
  /** What else it looks after, started once it has its lock; must neither throw nor block. */
  alongside?: (addresses: Addresses, log: Logger) => void;
}

/**
 * Keeps a stack running until SIGTERM, which ends it with its parts. Killed in any other way it leaves its parts
 * running, and the next supervisor of the state folder adopts them. Returns at once where one lives already.
 */
export async function supervise({ checkout, stateFolder, parts, alongside }: Supervision): Promise<void> {
  const lock = supervisorLock(stateFolder);
  if (!tryLock(lock)) return;
  // Two takers of a dead supervisor's lock can for a moment both think that they have it.
  await sleep(50);
  if (!holdsLock(lock)) return;

  const log = createLog('info', {});
  const version = codeVersion(checkout, stateFolder);
  const addresses = await Addresses.open(stateFolder);
  const waiting = new Set<() => void>();
  let unwritten = false;

  const watches: PartWatch[] = parts(addresses).map(
    (part) => new PartWatch(part, { stateFolder, codeVersion: version, log, serving, changed }),
  );

  function changed(): void {
    const stack: Stack = {
      stateFolder,
      databaseUrl: addresses.databaseUrl(),
      temporalAddress: addresses.temporalAddress,
      temporalNamespace: 'default',
      taskQueue: taskQueues.main,
      temporalUi: addresses.temporalUi,
      console: null,
      sparkSocket: addresses.sparkSocket,
      parts: watches.map((watch) => watch.status),
      supervisor: ourselves(),
      codeVersion: version,
    };
    try {
      writeJson(stackFile(stateFolder), stack);
      unwritten = false;
    } catch (error) {
      // A full disk must not end the one process that looks after the others.
      if (!unwritten) log.error({ err: error }, 'the state of the stack cannot be written');
      unwritten = true;
    }
    for (const check of waiting) check();
  }

  function serving(names: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        const states = watches
          .filter((watch) => names.includes(watch.part.name))
          .map((watch) => watch.status.state);
        if (states.some((state) => state !== 'running')) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  }

  let ending = false;
  const end = async (): Promise<never> => {
    ending = true;
    for (const watch of watches) watch.end();
    await endParts(stateFolder, readRecords(stateFolder));
    for (const watch of watches) watch.forget();
    unlock(lock);
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void (ending || end()));
  process.on('SIGHUP', () => undefined); // the terminal it was started from is no affair of its own

  log.info({ pid: process.pid, codeVersion: version, checkout }, 'supervisor started');
  changed();
  for (const watch of watches) void watch.run();
  alongside?.(addresses, log);

  while (holdsLock(lock) || ending) {
    await sleep(1_000);
    if (unwritten && !ending) changed();
    rotateQuietly(logFile(stateFolder, 'supervisor'));
  }
  // Another supervisor has taken over, and the parts with them.
  process.exit(0);
}
