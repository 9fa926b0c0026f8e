import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path, { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programArguments } from '../../setup/programs.mjs';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/pool.ts';
import type { Database } from '../../src/database/pool.ts';
import { readStack } from '../../src/stack/record.ts';
import type { Stack } from '../../src/stack/record.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { lean } from '../../src/stack/worker.ts';
import { dropDatabase, testDatabase } from './postgres.ts';
import { orphansOf } from './processes.ts';
import { ownNamespace, shared } from './shared.ts';

export interface RunEnd {
  exitCode: number | null;
  /** The object that `--json` prints. */
  result: {
    status?: string;
    runId?: string;
    key?: string;
    statement?: string;
    alreadyComplete?: boolean;
    counts?: Record<string, number>;
    error?: { message: string };
  };
  stderr: string;
}

/** A worker and what it works with, driven by the command line alone as a person would. */
export interface Rig {
  stateFolder: string;
  failpoints: string;
  database: Database;
  /** A daily run; of the sample, unless the options name another data set. */
  run(day: string, ...options: string[]): { child: ChildProcess; end: Promise<RunEnd> };
  /** Any command that ends with one JSON object (`--json` is added). */
  begin(...args: string[]): { child: ChildProcess; end: Promise<RunEnd> };
  /** For commands that are not sevenfold's own: the stack's variables are set as `sevenfold env` would. */
  env: NodeJS.ProcessEnv;
  command(...args: string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  /** A number that changes with any value of any row of the results. */
  checksum(): Promise<string>;
  /** Processes that hang on nothing: what a kill must not leave behind. */
  orphans(): string[];
  takeDown(options?: { keepFolder?: boolean }): Promise<void>;
}

/** A whole stack of its own, in a folder of its own: for what kills, fills or sets up a part of it. */
export interface StackRig extends Rig {
  stack(): Stack;
}

const checkout = readConfig().checkout;

/** A state folder, and the environment of what works in it. `toolchain` is what set-up found, where it is not to be believed. */
function makeHome(variables: NodeJS.ProcessEnv, toolchain: { javaHome?: string } = {}) {
  const stateFolder = mkdtempSync(join(tmpdir(), 'sevenfold-rig-'));
  // PostgreSQL runs as another user where we are root, and mkdtemp lets nobody else in.
  chmodSync(stateFolder, 0o755);
  const found = readFileSync(join(readConfig().stateFolder, 'toolchain.json'), 'utf8');
  writeFileSync(
    join(stateFolder, 'toolchain.json'),
    JSON.stringify({ ...(JSON.parse(found) as object), ...toolchain }),
  );
  const failpoints = join(stateFolder, 'failpoints');
  mkdirSync(failpoints);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    SEVENFOLD_STATE: stateFolder,
    SEVENFOLD_FAILPOINTS: failpoints,
  };
  // A test runner marks what it starts; the stack must not be ended as its leftover in the middle of a test.
  for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'NODE_TEST_CONTEXT']) delete env[name];
  Object.assign(env, variables);
  return { stateFolder, failpoints, env };
}

/** The command line as somebody with this environment has it. */
function commandsOf(env: NodeJS.ProcessEnv): Pick<Rig, 'command' | 'begin' | 'run'> {
  const start = (args: string[]) =>
    spawn(process.execPath, [join(checkout, 'sevenfold.mjs'), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const begin: Rig['begin'] = (...args) => {
    const child = start([...args, '--json']);
    const end = collect(child).then(({ exitCode, stdout, stderr }) => ({
      exitCode,
      stderr,
      result: lastJson(stdout) ?? {},
    }));
    return { child, end };
  };
  return {
    begin,
    command: async (...args) => collect(start(args)),
    run(day, ...options) {
      const source = options.includes('--dataset') ? [] : ['--dataset', 'sample'];
      return begin('run', 'daily', ...source, '--date', day, ...options);
    },
  };
}

export async function startRig(
  variables: NodeJS.ProcessEnv = {},
  toolchain: { javaHome?: string } = {},
): Promise<StackRig> {
  const { stateFolder, failpoints, env } = makeHome(variables, toolchain);
  const commands = commandsOf(env);
  const up = await commands.command('up');
  if (up.exitCode !== 0) throw new Error(`up failed: ${up.stderr}${up.stdout}`);
  const database = openDatabase(readStack(stateFolder)!.databaseUrl, 'test', 2);
  return {
    ...commands,
    stateFolder,
    failpoints,
    database,
    env,
    stack: () => readStack(stateFolder)!,
    checksum: () => checksum(database),
    orphans: () =>
      orphansOf(stateFolder, () => {
        const { supervisor, parts } = readStack(stateFolder)!;
        return [supervisor?.pid, ...parts.map(({ pid }) => pid)];
      }),
    async takeDown() {
      await database.end();
      await commands.command('down', '--wipe');
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

/**
 * A worker of its own on the servers that the test run shares: its own database, namespace, state folder and prefix of
 * batch ids. A second of a core, where a stack takes fifteen.
 */
export async function startSharedRig(
  variables: NodeJS.ProcessEnv = {},
  { asInStack = false }: { /** The worker has the memory that a stack gives it. */ asInStack?: boolean } = {},
): Promise<Rig> {
  const [databaseUrl, temporal, keeper] = await Promise.all([
    testDatabase(),
    shared('temporal'),
    shared('keeper'),
  ]);
  const namespace = ownNamespace();
  const { stateFolder, failpoints, env } = makeHome({
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: namespace,
    SEVENFOLD_SPARK_SOCKET: keeper.address,
    SEVENFOLD_BATCH_PREFIX: `sf-${namespace}`,
    ...variables,
  });
  // Where whoever works in this folder looks for what its batches wrote.
  symlinkSync(join(keeper.folder, 'state', 'batches'), join(stateFolder, 'batches'));
  const log = join(stateFolder, 'worker.log');
  const output = openSync(log, 'a');
  const launch = { args: await programArguments('worker'), env };
  const started = asInStack ? lean(launch) : launch;
  const worker = spawn(process.execPath, started.args, {
    cwd: checkout,
    env: started.env,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  while (!readFileSync(log, 'utf8').includes('"worker is ready"')) {
    if (worker.exitCode !== null) throw new Error(`the worker does not start: ${readFileSync(log, 'utf8')}`);
    await sleep(20);
  }
  const database = openDatabase(databaseUrl, 'test', 2);
  return {
    ...commandsOf(env),
    stateFolder,
    failpoints,
    database,
    env,
    checksum: () => checksum(database),
    orphans: () => [
      ...orphansOf(stateFolder, () => [worker.pid]),
      // Jobs hang on the keeper, and work in its folder.
      ...orphansOf(path.join(keeper.folder, 'state'), () => [keeper.pid]),
    ],
    async takeDown({ keepFolder = false } = {}) {
      await database.end();
      worker.kill('SIGTERM');
      await ended;
      await dropDatabase(databaseUrl);
      if (!keepFolder) rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

/** A number that changes with any value of any row of the results. */
export async function checksum(database: Database): Promise<string> {
  const { rows } = await database.query<{ sum: string }>(
    `select md5(concat(
       (select string_agg(md5((m.*)::text), '' order by dataset, pool_id, date) from pool_daily_metrics m),
       (select string_agg(md5((dataset, pool_id, date, apy, tvl)::text), '' order by dataset, pool_id, date)
          from pool_history),
       (select string_agg((i.*)::text, '' order by dataset, date, token_symbol) from icebox_tokens i),
       (select string_agg(md5((f.*)::text), '' order by dataset, pool_id, date) from pool_forecasts f),
       (select string_agg(md5((q.*)::text), '' order by dataset, pool_id, date, horizon_days)
          from pool_forecast_quantiles q),
       (select string_agg(md5((m.*)::text), '' order by dataset, date, target) from pool_forecast_models m),
       (select string_agg((dataset, date, forecasted_avg_gas_gwei, forecasted_max_gas_gwei)::text, ''
                          order by dataset, date) from gas_fees_daily),
       (select string_agg((b.*)::text, '' order by dataset, portfolio, date, pool_id, token_symbol)
          from daily_balances b),
       (select string_agg((dataset, portfolio, date, status, objective_usd, value_before_usd, value_after_usd,
                           gas_usd, conversion_usd, pools_held)::text, '' order by dataset, portfolio, date)
          from allocations),
       (select string_agg((p.*)::text, '' order by dataset, portfolio, date, pool_id, token_symbol)
          from allocation_positions p),
       (select string_agg((r.key, step_number, operation, from_location, to_location, from_asset, to_asset, amount,
                           amount_received, total_cost_usd)::text, '' order by r.key, step_number)
          from asset_allocations join runs r using (run_id)))) as sum`,
  );
  return rows[0]!.sum;
}

/** Plain `temporal` with a rig's environment, as a person would use it; what it says, also where it fails. */
export async function temporal(rig: Pick<Rig, 'env'>, ...args: string[]): Promise<string> {
  const program = locateToolchain(readConfig().stateFolder).temporal;
  const { stdout, stderr } = await collect(
    spawn(program, args, { env: rig.env, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  return stdout + stderr;
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
