import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { shortHash } from './places.ts';

/** Can a server on loopback have this port now? */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A free port: the preferred one, else one that hangs on `seed`. Below the range that systems give to outgoing
 * connections (from 32768), because a port is kept for good and must not be somebody's by chance at the next start.
 */
export async function choosePort(preferred: number | undefined, seed: string): Promise<number> {
  if (preferred !== undefined && (await isFree(preferred))) return preferred;
  const first = Number.parseInt(shortHash(seed), 16) % 10_000;
  for (let step = 0; step < 10_000; step++) {
    const port = 20_000 + ((first + step) % 10_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port between 20000 and 29999');
}

/** The number of the process that listens on the port; undefined if the system does not show it. */
export function listenerOf(port: number): number | undefined {
  if (process.platform !== 'linux') {
    try {
      const pids = execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t'], { encoding: 'utf8' });
      return Number.parseInt(pids, 10) || undefined;
    } catch {
      return undefined;
    }
  }
  const inode = listeningInode(port);
  if (inode === undefined) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const files = readdirSync(`/proc/${pid}/fd`);
      if (files.some((fd) => readlinkOrEmpty(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`))
        return Number(pid);
    } catch {
      continue; // another account's process, or one that has just ended
    }
  }
  return undefined;
}

function readlinkOrEmpty(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

function listeningInode(port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(table, 'latin1');
    } catch {
      continue;
    }
    for (const line of text.split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === '0A' && fields[1]?.endsWith(suffix)) return fields[9];
    }
  }
  return undefined;
}

/** The command line of a process; undefined where it cannot be seen. */
export function commandOf(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** Who has the port, for a message: `pid 123 (node server.js)`. */
export function describeListener(port: number): string {
  const pid = listenerOf(port);
  if (pid === undefined) return 'a process of another user';
  const command = commandOf(pid);
  return command === undefined ? `pid ${pid}` : `pid ${pid} (${command.slice(0, 60)})`;
}
