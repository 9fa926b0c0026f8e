import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Failure } from '../../failures.ts';
import { identify, isSame, type ProcessIdentity } from '../../stack/processes.ts';

/** Makes this process the only one that holds `file`, or throws `AlreadyRunning` naming the process that does. */
export function holdLock(file: string): void {
  const ours = `${file}.${process.pid}`;
  writeFileSync(ours, JSON.stringify(identify(process.pid)), { mode: 0o600 });
  try {
    // A link appears with its content or not at all; a lock whose holder is gone is moved aside by one process only.
    for (;;) {
      try {
        linkSync(ours, file);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const found = read(file);
      if (found === undefined) continue;
      if (isSame(found))
        throw new Failure('AlreadyRunning', `Process ${found.pid} already serves this state folder.`);
      moveAside(file, found);
    }
  } finally {
    rmSync(ours, { force: true });
  }
}

function moveAside(file: string, stale: ProcessIdentity): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return; // somebody else was first
  }
  const moved = read(aside);
  // Between our look and our move another process took the lock: it gets it back.
  if (moved && (moved.pid !== stale.pid || moved.startTime !== stale.startTime)) renameSync(aside, file);
  else rmSync(aside);
}

function read(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
