import { execFile } from 'node:child_process';
import { env as inherited } from 'node:process';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { pythonEnvironment } from '../child-environment.ts';
import type { Config } from '../config.ts';
import { clientOptions } from '../database/client-options.ts';
import { connectionFailure, withoutPassword } from '../database/migrate.ts';
import { addressesFile, readChosen, refuseLostData } from './chosen.ts';
import { openCluster } from './cluster.ts';
import { chooseDataFolder, serverUser } from './places.ts';
import { describeListener, isFree } from './ports.ts';
import { askKeeper, troubleOf } from './spark.ts';
import { stackStatus } from './stack.ts';
import { locateToolchain } from './toolchain.ts';

const run = promisify(execFile);

export interface Finding {
  name: string;
  verdict: 'ok' | 'warning' | 'failed';
  /** What was found and, unless all is well, what to do. */
  detail: string;
}

const gib = 2 ** 30;

function ok(name: string, detail: string): Finding {
  return { name, verdict: 'ok', detail };
}

function failed(name: string, detail: string): Finding {
  return { name, verdict: 'failed', detail };
}

function messageOf(error: unknown): string {
  return ((error as Error).message.split('\n')[0] ?? '').trim();
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const recent = major > 20 || (major === 20 && minor >= 19);
  return recent
    ? ok('Node', process.version)
    : failed('Node', `${process.version} is too old: install Node 20.19 or later`);
}

/** What set-up looks after: npm packages, Python, Java, jars, Temporal. */
async function installed(): Promise<Finding[]> {
  const setUp = new URL('../../setup/main.mjs', import.meta.url).href;
  const { inspect } = (await import(setUp)) as {
    inspect: () => { name: string; there: boolean; detail: string }[];
  };
  return inspect().map(({ name, there, detail }) => (there ? ok(name, detail) : failed(name, detail)));
}

/** Being there is not enough: each must run. */
async function runs(name: string, command: string, args: string[]): Promise<Finding> {
  try {
    const env = pythonEnvironment(inherited);
    const { stdout, stderr } = await run(command, args, { timeout: 20_000, env });
    return ok(name, `${(stdout || stderr).split('\n')[0] ?? ''}`);
  } catch (error) {
    return failed(name, `${command} does not run (${messageOf(error)}): node setup.mjs`);
  }
}

async function programs(stateFolder: string): Promise<Finding[]> {
  let toolchain;
  try {
    toolchain = locateToolchain(stateFolder);
  } catch (error) {
    return [failed('set-up', messageOf(error))];
  }
  const { python, javaHome, temporal, jars } = toolchain;
  const missing = jars.filter((jar) => !existsSync(jar));
  return [
    ...(await Promise.all([
      runs('Python runs', python, [
        '-c',
        'import sys, pyspark; print(sys.version.split()[0], "pyspark", pyspark.__version__)',
      ]),
      runs('Java runs', path.join(javaHome, 'bin', 'java'), ['-version']),
      runs('Temporal runs', temporal, ['--version']),
    ])),
    ...(missing.length > 0 ? [failed('jars', `${missing.join(', ')} are gone: node setup.mjs`)] : []),
  ];
}

function postgres(stateFolder: string): Finding {
  try {
    refuseLostData(stateFolder);
    const user = serverUser();
    const folder = readChosen(stateFolder)?.databaseFolder ?? chooseDataFolder(stateFolder, 'postgres', user);
    const cluster = openCluster(folder);
    return ok(
      'PostgreSQL',
      `${cluster.programs.postgres}${user ? ` as user ${user.name}` : ''}, data in ${folder}`,
    );
  } catch (error) {
    return failed('PostgreSQL', messageOf(error));
  }
}

async function ports(stateFolder: string): Promise<Finding[]> {
  const chosen = readChosen(stateFolder)?.ports ?? {};
  const parts = stackStatus(stateFolder)?.parts ?? [];
  const findings = Object.entries(chosen).map(async ([name, { port }]): Promise<Finding> => {
    const label = `port ${port}`;
    if (parts.some((part) => name.startsWith(part.name) && part.pid !== null))
      return ok(label, `in use by our ${name}`);
    if (await isFree(port)) return ok(label, `free for ${name}`);
    return failed(
      label,
      `meant for ${name}, but held by ${describeListener(port)}: end it, or change the number in ${addressesFile(stateFolder)}`,
    );
  });
  return Promise.all(findings);
}

function disk(name: string, folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const free = `${((Number(bavail) * bsize) / gib).toFixed(1)} GiB free at ${folder}`;
  const room = (Number(bavail) * bsize) / gib;
  if (room < 1) return failed(name, `${free}: make room, loads need several`);
  return room < 5
    ? { name, verdict: 'warning', detail: `${free}: large backfills need more` }
    : ok(name, free);
}

function firstExisting(folder: string): string {
  let found = folder;
  while (!existsSync(found)) found = path.dirname(found);
  return found;
}

function rights(name: string, folder: string): Finding {
  const there = firstExisting(folder);
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
    return ok(name, folder);
  } catch {
    return failed(name, `${there} cannot be written by this user: change its owner or choose another folder`);
  }
}

async function database(config: Config): Promise<Finding> {
  const stack = stackStatus(config.stateFolder);
  const url = config.databaseUrl ?? stack?.databaseUrl;
  const name = 'database';
  const embedded = config.databaseUrl === undefined || config.databaseUrl === stack?.databaseUrl;
  const running = stack?.parts.some((part) => part.name === 'postgres' && part.pid !== null) ?? false;
  if (url === undefined || (embedded && !running)) {
    return { name, verdict: 'warning', detail: 'the stack is down: npx sevenfold up' };
  }
  const client = new pg.Client({ ...clientOptions(url), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return ok(name, `${withoutPassword(url)} answers`);
  } catch (error) {
    return failed(name, connectionFailure(url, error).message);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The JVM that batches run in: that a Java answers does not mean that it can start Spark. */
async function jvm(stateFolder: string): Promise<Finding[]> {
  const stack = stackStatus(stateFolder);
  if (stack?.parts.some((part) => part.name === 'spark' && part.pid !== null) !== true) return [];
  const health = await askKeeper(stack.sparkSocket);
  const log = path.join(stateFolder, 'logs', 'jvm.log');
  if (health === undefined)
    return [failed("Spark's JVM", `its keeper does not answer: npx sevenfold status`)];
  const trouble = troubleOf(health);
  if (trouble !== null) return [failed("Spark's JVM", `${trouble} (log: ${log})`)];
  const { state, pid } = health.jvm;
  return [ok("Spark's JVM", state === 'ready' ? `runs, pid ${pid ?? '?'}` : 'is starting')];
}

/** Looks at everything that a run needs; changes nothing. */
export async function examine(config: Config): Promise<Finding[]> {
  const { stateFolder, cacheFolder } = config;
  return [
    node(),
    ...(await installed().catch((error: unknown) => [failed('set-up', messageOf(error))])),
    ...(await programs(stateFolder)),
    rights('state folder', stateFolder),
    rights('cache folder', cacheFolder),
    rights('temporary folder', tmpdir()),
    disk('disk', firstExisting(readChosen(stateFolder)?.databaseFolder ?? stateFolder)),
    postgres(stateFolder),
    ...(await ports(stateFolder)),
    ...(await jvm(stateFolder)),
    await database(config),
  ];
}
