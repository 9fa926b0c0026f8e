import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, chmodSync, chownSync, constants, mkdirSync } from 'node:fs';
import { rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { realFolder } from '../../setup/places.mjs';
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
  const name = `sevenfold-${uid}-${shortHash(realFolder(stateFolder))}`;
  const inTemporary = path.join(tmpdir(), name);
  const fits = Buffer.byteLength(inTemporary) <= socketPathLimit && isPlain(inTemporary);
  const folder = fits ? inTemporary : path.join('/tmp', name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = statSync(folder);
  if (stat.uid !== uid) {
    throw new Failure('Infrastructure', `${folder} belongs to user ${stat.uid}, not to us: remove it`);
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return folder;
}

function isPlain(name: string): boolean {
  return /^[\w./@+=-]+$/.test(name);
}

/**
 * A name for the state folder that can stand anywhere: in options that are split at blanks, lists with commas, addresses
 * with "#" and "%", and for programs that know ASCII alone. Where its own name cannot, it is a link to it.
 */
export function plainName(stateFolder: string): string {
  if (isPlain(stateFolder)) return stateFolder;
  const link = path.join(socketFolder(stateFolder), 'state');
  rmSync(link, { force: true });
  symlinkSync(stateFolder, link);
  return link;
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

/** Can this user enter the folder? Tried, not computed: modes do not show access lists and mount options. */
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

/** Where what must lie outside a closed home may lie, the best first. */
const openFolders = (): string[] => [
  '/var/lib/sevenfold',
  path.join(tmpdir(), `sevenfold-${process.getuid?.() ?? 0}`),
];

/** A folder that any user may enter, for what must lie outside a closed home. */
export function openFolder(): string {
  for (const folder of openFolders()) {
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

/** Makes a folder that belongs to the server's user and is closed to others, in one that this user can pass through. */
export function makeFolderFor(folder: string, user: ServerUser | undefined): void {
  const parent = path.dirname(folder);
  // Whatever our umask says of what we make: with 077 the server's user would not come as far as its own folder.
  if (mkdirSync(parent, { recursive: true }) !== undefined && user !== undefined) chmodSync(parent, 0o711);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
}

/**
 * Where a server's data go: `<stateFolder>/<name>` where its user can enter the state folder, else a folder outside
 * that is named after the checkout.
 */
export function chooseDataFolder(stateFolder: string, name: string, user: ServerUser | undefined): string {
  const state = realFolder(stateFolder);
  mkdirSync(state, { recursive: true });
  if (canEnter(state, user)) return path.join(state, name);
  return path.join(openFolder(), ownName(state), name);
}

/** A state folder's name among those of other checkouts. */
function ownName(stateFolder: string): string {
  const state = realFolder(stateFolder);
  const checkout = path.basename(path.dirname(state)) || 'root';
  return `${checkout}-${shortHash(state)}`;
}

/** Where `chooseDataFolder` may have put a server's data outside of the state folder. Makes nothing. */
export function outsideFolders(stateFolder: string, name: string): string[] {
  return openFolders().map((folder) => path.join(folder, ownName(stateFolder), name));
}

/** Does a data folder outside of every state folder carry the name of this one's? Only then is it this one's to remove. */
export function isOwnOutside(dataFolder: string, stateFolder: string): boolean {
  return (
    !isInside(dataFolder, stateFolder) && path.basename(path.dirname(dataFolder)) === ownName(stateFolder)
  );
}

export function isInside(file: string, folder: string): boolean {
  const way = path.relative(realFolder(folder), realFolder(file));
  return way !== '' && !way.startsWith('..') && !path.isAbsolute(way);
}
