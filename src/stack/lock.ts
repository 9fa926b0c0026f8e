import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { realFolder } from '../../setup/places.mjs';
import { readIfWhole } from './files.ts';
import { isOurs } from './ownership.ts';
import type { NamedProcess } from './ownership.ts';
import { identify } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

function same(one: ProcessIdentity | undefined, other: ProcessIdentity | undefined): boolean {
  return one !== undefined && one.pid === other?.pid && one.startTime === other.startTime;
}

export function ourselves(): ProcessIdentity {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error('this process does not find itself among the processes');
  return identity;
}

/** The living holder of a lock. Whoever holds it in the folder that this one is a copy of does not hold it here. */
export function lockHolder(file: string): ProcessIdentity | undefined {
  const holder = readIfWhole<NamedProcess>(file);
  return holder !== undefined && isOurs(holder, path.dirname(file)) ? holder : undefined;
}

/** Is the lock held by this process? A holder that lives long asks now and then: the folder may have been removed. */
export function holdsLock(file: string): boolean {
  return same(readIfWhole<NamedProcess>(file), ourselves());
}

/** Takes the lock, also from a holder that is dead; false when another process that lives has it. */
export function tryLock(file: string): boolean {
  mkdirSync(path.dirname(file), { recursive: true });
  const me = ourselves();
  const holder: NamedProcess = { ...me, folder: realFolder(path.dirname(file)) };
  const draft = `${file}.${me.pid}`;
  // Linked, not written in place: the lock never stands without its holder's name in it.
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        linkSync(draft, file);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const found = readIfWhole<NamedProcess>(file);
      if (same(found, me)) return true;
      if (found !== undefined && isOurs(found, path.dirname(file))) return false;
      removeStale(file, found, `${draft}.stale`);
    }
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Two may find the same dead holder; the slower one must not remove the lock that the quicker one has just taken. */
function removeStale(file: string, stale: ProcessIdentity | undefined, aside: string): void {
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = readIfWhole<NamedProcess>(aside);
  if (stale !== undefined && !same(moved, stale)) {
    try {
      linkSync(aside, file);
    } catch {
      // Taken again meanwhile: its holder finds out by `holdsLock`.
    }
  }
  rmSync(aside, { force: true });
}

export function unlock(file: string): void {
  if (holdsLock(file)) rmSync(file, { force: true });
}

/** Does `work` alone among all processes that take this lock; waits for its turn. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  while (!tryLock(file)) await sleep(25);
  try {
    return await work();
  } finally {
    unlock(file);
  }
}
