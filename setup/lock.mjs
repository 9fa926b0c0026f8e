import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { groupWatchers } from './commands.mjs';
import { realFolder } from './places.mjs';

const beatMs = 5_000;

/**
 * Holds a lock folder while `work` runs. The lock of a process that died is taken over and what it left running is ended.
 * @param {string} folder
 * @param {{onWait: (holder: string) => void}} options
 * @param {() => Promise<T>} work
 * @template T
 */
export async function withLock(folder, options, work) {
  mkdirSync(dirname(folder), { recursive: true });
  const me = {
    pid: process.pid,
    startedAt: startedAt(process.pid),
    host: hostname(),
    folder: realFolder(folder),
  };
  for (let waited = false; !claim(folder, me); waited = true) {
    const holder = read(folder);
    if (holder !== undefined && (isCopied(folder, holder) || isDead(folder, holder)))
      takeAway(folder, holder);
    else if (!waited && holder !== undefined) options.onWait(`process ${holder.pid} on ${holder.host}`);
    await delay(200);
  }
  const watch = (pids) => {
    if (read(folder)?.pid !== me.pid) return; // taken from us while the machine slept
    write(folder, { ...me, groups: pids.map((pid) => ({ pid, startedAt: startedAt(pid) })) });
  };
  groupWatchers.add(watch);
  const beat = setInterval(() => {
    try {
      utimesSync(ownerFile(folder), new Date(), new Date());
    } catch {
      // taken from us while the machine slept
    }
  }, beatMs);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    groupWatchers.delete(watch);
    discard(folder);
  }
}

const ownerFile = (folder) => join(folder, 'owner.json');

/** A folder that already holds its owner is renamed into place: nobody ever sees a lock without one. */
function claim(folder, owner) {
  const draft = mkdtempSync(`${folder}.`);
  writeFileSync(ownerFile(draft), JSON.stringify(owner));
  try {
    renameSync(draft, folder);
    return true;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
}

function read(folder) {
  try {
    return JSON.parse(readFileSync(ownerFile(folder), 'utf8'));
  } catch {
    return undefined; // just released
  }
}

function write(folder, owner) {
  const draft = join(folder, `owner.json.${process.pid}`);
  writeFileSync(draft, JSON.stringify(owner));
  renameSync(draft, ownerFile(folder));
}

/** A folder that was copied while set-up ran brought along the lock of another. */
function isCopied(folder, holder) {
  return holder.folder !== undefined && holder.folder !== realFolder(folder);
}

function isDead(folder, holder) {
  if (holder.host === hostname()) return startedAt(holder.pid) !== holder.startedAt;
  try {
    // Another machine or container on the same disk: only its heartbeat can tell.
    return Date.now() - statSync(ownerFile(folder)).mtimeMs > 12 * beatMs;
  } catch {
    return false;
  }
}

function takeAway(folder, holder) {
  const away = mkdtempSync(`${folder}.`);
  try {
    renameSync(folder, away);
  } catch {
    rmSync(away, { recursive: true, force: true }); // somebody else was first
    return;
  }
  const taken = read(away);
  if (taken?.pid !== holder.pid || taken.startedAt !== holder.startedAt) {
    // Between our look and our move somebody else took it over: give it back.
    try {
      renameSync(away, folder);
      return;
    } catch {
      // A third one holds it. Two at work is a waste and no harm: all results are renamed into place whole.
    }
  }
  if (taken?.host === hostname() && !isCopied(folder, taken)) {
    for (const group of taken.groups ?? []) {
      if (group.startedAt === undefined || startedAt(group.pid) !== group.startedAt) continue;
      try {
        process.kill(-group.pid, 'SIGKILL');
      } catch {
        // ended by itself
      }
    }
  }
  rmSync(away, { recursive: true, force: true });
}

function discard(folder) {
  const away = mkdtempSync(`${folder}.`);
  try {
    renameSync(folder, away);
  } catch {
    // it is no longer ours
  }
  rmSync(away, { recursive: true, force: true });
}

/** When a process started, in whatever unit the system has; undefined when there is none. Tells a pid from its reuse. */
function startedAt(pid) {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  const answer = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return answer.stdout?.trim() || undefined;
}
