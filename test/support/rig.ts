import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { readStack } from '../../src/stack/record.ts';
import type { Stack } from '../../src/stack/record.ts';

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
  /** For commands that are not sevenfold's own: the stack's variables are set as `sevenfold env` would. */
  env: NodeJS.ProcessEnv;
  command(...args: string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  stack(): Stack;
  /** A number that changes with any value of any row of the results. */
  checksum(): Promise<string>;
  takeDown(): Promise<void>;
}

const checkout = readConfig().checkout;

export async function startRig(): Promise<Rig> {
  const stateFolder = mkdtempSync(join(tmpdir(), 'sevenfold-rig-'));
  // PostgreSQL runs as another user where we are root, and mkdtemp lets nobody else in.
  chmodSync(stateFolder, 0o755);
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
  const database = openDatabase(stack.databaseUrl, 'test', 2);

  return {
    stateFolder,
    failpoints,
    database,
    env,
    command,
    run(day, ...options) {
      const child = start(['run', 'daily', '--dataset', 'sample', '--date', day, '--json', ...options]);
      const end = collect(child).then(({ exitCode, stdout, stderr }) => ({
        exitCode,
        stderr,
        result: lastJson(stdout) ?? {},
      }));
      return { child, end };
    },
    stack: () => readStack(stateFolder)!,
    async checksum() {
      const { rows } = await database.query<{ sum: string }>(
        `select md5(concat(
           (select string_agg(md5((m.*)::text), '' order by dataset, pool_id, date) from pool_daily_metrics m),
           (select string_agg(md5((dataset, pool_id, date, apy, tvl)::text), '' order by dataset, pool_id, date)
              from pool_history),
           (select string_agg((i.*)::text, '' order by dataset, date, token_symbol) from icebox_tokens i))) as sum`,
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

/** Both streams and the exit code of a process, at its end. */
export async function collect(
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
