import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import type { FailpointName } from '../../src/failpoints.ts';
import { descendantsOf, identify, processesMarked, signalProcess } from '../../src/stack/processes.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';
import { readStack } from '../../src/stack/record.ts';

/** Everything that may be killed while a run is under way. */
export const victims = ['worker', 'jvm', 'job', 'postgres', 'temporal', 'supervisor', 'keeper'] as const;
export type Victim = (typeof victims)[number];

export interface RunEnd {
  exitCode: number | null;
  /** The object that `--json` prints. */
  result: { status?: string; runId?: string; error?: { message: string } };
  stderr: string;
}

/** A whole stack of its own, in a folder of its own, driven by the command line alone as a person would. */
export interface Rig {
  stateFolder: string;
  failpoints: string;
  database: Database;
  run(day: string, ...options: string[]): { child: ChildProcess; end: Promise<RunEnd> };
  command(...args: string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  identityOf(victim: Exclude<Victim, 'job'>): ProcessIdentity | undefined;
  /** A number that changes with any value of any row of the results. */
  checksum(): Promise<string>;
  takeDown(): Promise<void>;
}

const checkout = readConfig().checkout;

export async function startRig(): Promise<Rig> {
  // Not below a home that only its owner may enter: PostgreSQL runs as another user where we are root.
  const stateFolder = mkdtempSync(join(tmpdir(), 'sevenfold-chaos-'));
  copyFileSync(join(readConfig().stateFolder, 'toolchain.json'), join(stateFolder, 'toolchain.json'));
  const failpoints = join(stateFolder, 'failpoints');
  mkdirSync(failpoints);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    SEVENFOLD_STATE: stateFolder,
    SEVENFOLD_FAILPOINTS: failpoints,
  };
  // A test runner marks what it starts; the stack must not be ended as its leftover in the middle of a test.
  for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'NODE_TEST_CONTEXT']) delete env[name];

  const start = (args: string[]) =>
    spawn(process.execPath, [join(checkout, 'sevenfold.mjs'), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const command: Rig['command'] = async (...args) => collect(start(args));
  const up = await command('up');
  if (up.exitCode !== 0) throw new Error(`up failed: ${up.stderr}${up.stdout}`);
  const stack = readStack(stateFolder)!;
  const database = openDatabase(stack.databaseUrl, 'chaos', 2);

  return {
    stateFolder,
    failpoints,
    database,
    command,
    run(day, ...options) {
      const child = start(['run', 'daily', '--dataset', 'sample', '--date', day, '--json', ...options]);
      const end = collect(child).then(({ exitCode, stdout, stderr }) => ({
        exitCode,
        stderr,
        result: (lastJson(stdout) ?? {}) as RunEnd['result'],
      }));
      return { child, end };
    },
    identityOf(victim) {
      const { supervisor, parts } = readStack(stateFolder)!;
      if (victim === 'supervisor') return supervisor ?? undefined;
      const part = parts.find(
        ({ name }) => name === (victim === 'jvm' || victim === 'keeper' ? 'spark' : victim),
      );
      if (part?.pid == null) return undefined;
      if (victim !== 'jvm') return identify(part.pid);
      const java = descendantsOf(part.pid).find(({ pid }) => commandOf(pid).includes('java'));
      return java && identify(java.pid);
    },
    async checksum() {
      const { rows } = await database.query<{ sum: string }>(
        `select md5(string_agg(md5((m.*)::text), '' order by dataset, pool_id, date)) as sum from pool_daily_metrics m`,
      );
      return rows[0]!.sum;
    },
    async takeDown() {
      await database.end();
      await command('down', '--wipe');
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

async function collect(
  child: ChildProcess,
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitCode, stdout, stderr };
}

function lastJson(stdout: string): unknown {
  const line = stdout.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? JSON.parse(line) : undefined;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0] ?? '';
  } catch {
    return '';
  }
}

/**
 * Throws away the metrics, so that the next run computes them all again, and answers how many attempts there were so far.
 */
export async function forgetMetrics({ database }: Rig): Promise<number> {
  await database.query('truncate pool_daily_metrics, pool_metrics_state');
  const { rows } = await database.query<{ attempt: number }>(
    `select attempt from units where unit = 'metrics'`,
  );
  return rows[0]!.attempt;
}

/** Arms a failure point, waits until somebody stops there, and answers who. */
export async function arm(
  { failpoints }: Rig,
  name: FailpointName,
): Promise<{ hit: Promise<number>; letGo: () => void }> {
  for (const ending of ['', '.hit', '.go']) rmSync(join(failpoints, name + ending), { force: true });
  writeFileSync(join(failpoints, name), '');
  const hit = (async () => {
    const file = join(failpoints, `${name}.hit`);
    for (const giveUpAt = Date.now() + 60_000; Date.now() < giveUpAt; await sleep(20)) {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      if (text.endsWith('}')) return (JSON.parse(text) as { pid: number }).pid;
    }
    throw new Error(`nobody reached ${name} within 60 s`);
  })();
  return { hit, letGo: () => writeFileSync(join(failpoints, `${name}.go`), '') };
}

export function kill(victim: ProcessIdentity | undefined): void {
  if (victim === undefined || !signalProcess(victim, 'SIGKILL')) throw new Error('the victim is not there');
}

/** Processes of the stack beside those that its parts consist of: what a kill must not leave behind. */
export function orphans(rig: Rig): string[] {
  const { supervisor, parts } = readStack(rig.stateFolder)!;
  const roots = [supervisor?.pid, ...parts.map(({ pid }) => pid)].filter((pid) => pid != null);
  const known = new Set([...roots, ...roots.flatMap((pid) => descendantsOf(pid).map((info) => info.pid))]);
  return processesMarked('SEVENFOLD_STATE', (value) => value === rig.stateFolder)
    .filter(({ pid }) => !known.has(pid))
    .map(({ pid }) => `${pid} ${commandOf(pid)}`);
}

export interface Attempts {
  /** Of the unit `metrics`, since `before`. */
  attempts: number;
  /** The most that any one of their batches was watched. */
  watchers: number;
}

export async function attemptsSince({ database }: Rig, before: number): Promise<Attempts> {
  const { rows } = await database.query<Attempts>(
    `select (select attempt - $1 from units where unit = 'metrics') as attempts,
            (select max(watchers) from batches where unit = 'metrics' and attempt > $1) as watchers`,
    [before],
  );
  return rows[0]!;
}
