import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The identity of a process, whoever had or will have its number: pid plus the time it started.
 * `startTime` is opaque: clock ticks since boot on Linux, a date on macOS.
 */
export interface ProcessIdentity {
  pid: number;
  startTime: string;
}

export interface ProcessInfo extends ProcessIdentity {
  parentPid: number;
  /** Ended, but its parent has not asked how yet: it holds nothing any more and counts as gone. */
  zombie: boolean;
  /** By SIGSTOP or a debugger: it runs on when somebody lets it. */
  stopped: boolean;
  rssBytes: number;
  cpuSeconds: number;
}

const linux = process.platform === 'linux';
// USER_HZ is 100 on every architecture Node 20 runs on; the page size is not, arm64 has 4 to 64 KiB.
const ticksPerSecond = 100;
let pageBytes: number | undefined;

function pageSize(): number {
  pageBytes ??= Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })) || 4096;
  return pageBytes;
}

function readLinux(pid: number): ProcessInfo | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command in parentheses may itself hold spaces and parentheses, so fields are counted from its last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return {
    pid,
    startTime: fields[19] ?? '',
    parentPid: Number(fields[1]),
    zombie: state === 'Z' || state === 'X',
    stopped: state === 'T' || state === 't',
    rssBytes: Number(fields[21]) * pageSize(),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
  };
}

function parsePsTime(text: string): number {
  const [clock = '0', days = '0'] = text.split('-').reverse();
  return clock.split(':').reduce((sum, part) => sum * 60 + Number(part), Number(days) * 24);
}

function readPs(select: string[]): ProcessInfo[] {
  let text: string;
  try {
    // LC_ALL=C: lstart is a date in the user's language otherwise, and an identity must not change with it.
    text = execFileSync('ps', [...select, '-o', 'pid=,ppid=,stat=,rss=,time=,lstart='], {
      encoding: 'utf8',
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return [];
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [pid, parentPid, state, rssKib, time, ...started] = line.trim().split(/\s+/);
      return {
        pid: Number(pid),
        startTime: started.join(' '),
        parentPid: Number(parentPid),
        zombie: state?.startsWith('Z') ?? false,
        stopped: state?.startsWith('T') ?? false,
        rssBytes: Number(rssKib) * 1024,
        cpuSeconds: parsePsTime(time ?? '0'),
      };
    });
}

/** What the system knows of a process now; undefined when there is none (a zombie is still listed). */
export function processInfo(pid: number): ProcessInfo | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return linux ? readLinux(pid) : readPs(['-p', String(pid)])[0];
}

/** Every process of the machine that we may see. */
export function listProcesses(): ProcessInfo[] {
  if (!linux) return readPs(['-ax']);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readLinux(Number(name)))
    .filter((info) => info !== undefined);
}

/** When the process started, precise enough to distinguish two processes with one number; undefined when it is gone. */
export function startTimeOf(pid: number): string | undefined {
  const info = processInfo(pid);
  return info === undefined || info.zombie ? undefined : info.startTime;
}

export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Is this very process (not another with its number) still running? Stopped counts as running, a zombie does not. */
export function isSame(identity: ProcessIdentity): boolean {
  return startTimeOf(identity.pid) === identity.startTime;
}

/** Is any process of this number running? */
export function isAlive(pid: number): boolean {
  return startTimeOf(pid) !== undefined;
}

/** Children, their children and so on, in whatever process group or session they put themselves. */
export function descendantsOf(pid: number): ProcessInfo[] {
  const byParent = new Map<number, ProcessInfo[]>();
  for (const info of listProcesses()) {
    const siblings = byParent.get(info.parentPid);
    if (siblings) siblings.push(info);
    else byParent.set(info.parentPid, [info]);
  }
  const found: ProcessInfo[] = [];
  const queue = [pid];
  for (let parent = queue.shift(); parent !== undefined; parent = queue.shift()) {
    for (const child of byParent.get(parent) ?? []) {
      found.push(child);
      queue.push(child.pid);
    }
  }
  return found;
}

/** Resident memory of the process and all below it. */
export function treeRssBytes(pid: number): number {
  return [processInfo(pid), ...descendantsOf(pid)].reduce((sum, info) => sum + (info?.rssBytes ?? 0), 0);
}

/** The environment that a process was started with; undefined where it cannot be seen (another account's, or gone). */
function environmentOf(pid: number): string[] | undefined {
  try {
    if (linux) return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    const command = ['-Eww', '-o', 'command=', '-p', String(pid)];
    return execFileSync('ps', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(' ');
  } catch {
    return undefined;
  }
}

/** A variable of the environment that a process was started with; undefined where there is none or it cannot be seen. */
export function variableOf(pid: number, variable: string): string | undefined {
  const entry = environmentOf(pid)?.find((one) => one.startsWith(`${variable}=`));
  return entry?.slice(variable.length + 1);
}

/**
 * All running processes whose environment holds the variable with such a value, their own or inherited: also those that
 * lost their parent. Only our own account's can be seen, unless we are root. Never this process itself.
 */
export function processesMarked(variable: string, matches: (value: string) => boolean): ProcessInfo[] {
  const marked = (environment: string[]): boolean => {
    const entry = environment.find((one) => one.startsWith(`${variable}=`));
    return entry !== undefined && matches(entry.slice(variable.length + 1));
  };
  if (linux) {
    return listProcesses().filter(
      ({ pid, zombie }) => !zombie && pid !== process.pid && marked(environmentOf(pid) ?? []),
    );
  }
  let text: string;
  try {
    text = execFileSync('ps', ['-axEww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 1 << 26 });
  } catch {
    return [];
  }
  return text
    .split('\n')
    .filter((line) => marked(line.split(' ')))
    .map((line) => processInfo(Number.parseInt(line, 10)))
    .filter((info) => info !== undefined)
    .filter((info) => info.pid !== process.pid);
}

/** Sends a signal to this very process; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isSame(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until all of them are gone; false when some still run after `timeoutMs`. */
export async function waitUntilGone(identities: ProcessIdentity[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  let left = identities.filter(isSame);
  for (let pauseMs = 2; left.length > 0; pauseMs = Math.min(pauseMs * 2, 50)) {
    if (performance.now() > deadline) return false;
    await sleep(pauseMs);
    left = left.filter(isSame);
  }
  return true;
}

/**
 * Ends a process and everything below it, and answers when all are gone. Descendants are collected while all of them
 * are stopped, so that none can fork away, and a SIGKILL also ends what was stopped before. What had lost its parent
 * earlier is not below it any more: see `processesMarked`.
 */
export async function killTree(identity: ProcessIdentity, timeoutMs = 10_000): Promise<void> {
  await killTrees([identity], timeoutMs);
}

/** `killTree` for several roots at once. */
export async function killTrees(roots: ProcessIdentity[], timeoutMs = 10_000): Promise<void> {
  const doomed = new Map<number, ProcessIdentity>();
  const stop = (identity: ProcessIdentity): void => {
    if (identity.pid === process.pid || doomed.has(identity.pid)) return;
    if (signalProcess(identity, 'SIGSTOP')) doomed.set(identity.pid, identity);
  };
  roots.forEach(stop);
  for (let before = -1; before !== doomed.size;) {
    before = doomed.size;
    for (const pid of [...doomed.keys()]) descendantsOf(pid).forEach((info) => !info.zombie && stop(info));
  }
  for (const identity of doomed.values()) signalProcess(identity, 'SIGKILL');
  if (!(await waitUntilGone([...doomed.values()], timeoutMs))) {
    const left = [...doomed.values()].filter(isSame).map((identity) => identity.pid);
    throw new Error(`processes ${left.join(', ')} still run ${timeoutMs / 1000} s after SIGKILL`);
  }
}
