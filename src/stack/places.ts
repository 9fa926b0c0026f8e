import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, chmodSync, chownSync, constants, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Failure } from '../failures.ts';

/** Eight hex digits that stand for a path: for names of folders, ports and locks that must not meet another checkout's. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

// 104 bytes on macOS, 108 on Linux, and the longest file name we put into the folder.
const socketPathLimit = 104 - '/keeper-00000000.sock'.length;

/** Where the Unix sockets of a state folder lie: never inside it, because their paths must stay short. Made if missing. */
export function socketFolder(stateFolder: string): string {
  const uid = process.getuid?.() ?? 0;
  const name = `sevenfold-${uid}-${shortHash(path.resolve(stateFolder))}`;
  const inTemporary = path.join(tmpdir(), name);
  const folder = Buffer.byteLength(inTemporary) <= socketPathLimit ? inTemporary : path.join('/tmp', name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = statSync(folder);
  if (stat.uid !== uid) {
    throw new Failure('Infrastructure', `${folder} belongs to user ${stat.uid}, not to us: remove it`);
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return folder;
}

/** An account to run a server as. */
export interface ServerUser {
  name: string;
  uid: number;
  gid: number;
}

function lookUpUser(name: string): ServerUser | undefined {
  try {
    const ask = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { name, uid: ask('-u'), gid: ask('-g') };
  } catch {
    return undefined;
  }
}

/** PostgreSQL refuses to run as root: then it runs as `postgres`, else `nobody`. Undefined: run it as ourselves. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const user = lookUpUser('postgres') ?? lookUpUser('nobody');
  if (user === undefined) {
    throw new Failure(
      'Infrastructure',
      'PostgreSQL does not run as root and there is no user postgres or nobody: create one, or run as a normal user',
    );
  }
  return user;
}

/** uid and gid for `spawn`. The working folder is `/`, because ours may be closed to that user. */
export function spawnAs(user: ServerUser | undefined): { uid?: number; gid?: number; cwd: string } {
  return user === undefined ? { cwd: '/' } : { uid: user.uid, gid: user.gid, cwd: '/' };
}

/** Can this user enter the folder? Tried, not computed: modes do not tell of access lists and mount options. */
export function canEnter(folder: string, user: ServerUser | undefined): boolean {
  const script = 'cd "$1" 2>/dev/null';
  return (
    spawnSync('/bin/sh', ['-c', script, 'sh', folder], { ...spawnAs(user), stdio: 'ignore' }).status === 0
  );
}

/** Can this user run the program? The libraries it loads are tried with it. */
export function canRun(program: string, argument: string, user: ServerUser | undefined): boolean {
  return spawnSync(program, [argument], { ...spawnAs(user), stdio: 'ignore' }).status === 0;
}

/** A folder that any user may enter, for what must lie outside a closed home. */
export function openFolder(): string {
  for (const folder of ['/var/lib/sevenfold', path.join(tmpdir(), `sevenfold-${process.getuid?.() ?? 0}`)]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      accessSync(folder, constants.W_OK);
      if (statSync(folder).uid !== process.getuid?.()) continue;
      chmodSync(folder, 0o755);
      return folder;
    } catch {
      continue;
    }
  }
  throw new Failure(
    'Infrastructure',
    `neither /var/lib/sevenfold nor ${tmpdir()} can be written: make room in one`,
  );
}

/** Makes a folder that belongs to the server's user and is closed to others. */
export function makeFolderFor(folder: string, user: ServerUser | undefined): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
}

/**
 * Where a server's data go: `<stateFolder>/<name>` where its user can enter the state folder, else a folder outside
 * that is named after the checkout.
 */
export function chooseDataFolder(stateFolder: string, name: string, user: ServerUser | undefined): string {
  const state = path.resolve(stateFolder);
  mkdirSync(state, { recursive: true });
  if (canEnter(state, user)) return path.join(state, name);
  const checkout = path.basename(path.dirname(state)) || 'root';
  return path.join(openFolder(), `${checkout}-${shortHash(state)}`, name);
}
