import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { identify, isSame, processInfo, waitUntilGone } from '../../src/stack/processes.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';

/**
 * One of each for a whole test run, started by the first file that asks. Files must not see each other in them: each has
 * a database, a namespace, a prefix of batch ids and a state folder of its own (test/support/shared.test.ts).
 */
export const serverNames = ['postgres', 'temporal', 'keeper'] as const;
export type ServerName = (typeof serverNames)[number];

/** What a guard writes when its server is ready. */
export interface ServerRecord {
  address: string;
  guard: ProcessIdentity;
  /** The server's process, and the folder of its data. */
  pid: number;
  folder: string;
}

/** Namespaces of the shared Temporal: registering one takes seconds, so all are made with it. */
export const namespaces: readonly string[] = Array.from({ length: 100 }, (_, number) => `file-${number}`);

/** The test run that this process belongs to: the runner's, else that of `node --test`, else this process alone. */
function runOf(): ProcessIdentity {
  const given = process.env.SEVENFOLD_TEST_OWNER;
  const pid = given ? Number(given) : process.env.NODE_TEST_CONTEXT ? process.ppid : process.pid;
  const owner = identify(pid);
  if (owner === undefined) throw new Error('the test run is gone');
  return owner;
}

const guardProgram = fileURLToPath(new URL('./servers/guard.ts', import.meta.url));

function folderOf(name: string, owner = runOf()): string {
  return path.join(tmpdir(), `sevenfold-test-${owner.pid}-${owner.startTime.replaceAll(/\W/g, '')}-${name}`);
}

function readRecord(folder: string): ServerRecord | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'server.json'), 'utf8')) as ServerRecord;
  } catch {
    return undefined;
  }
}

/** True for the one process of the run that is the first to make this folder. */
function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o755 });
    return true;
  } catch {
    return false;
  }
}

const found = new Map<ServerName, Promise<ServerRecord>>();

/** The shared server of this name, started if it does not run yet. */
export function shared(name: ServerName): Promise<ServerRecord> {
  let record = found.get(name);
  if (record === undefined) found.set(name, (record = findOrStart(name)));
  return record;
}

/** What is shared goes on when a file ends, so it must not be taken for something that a file left behind. */
function outsideOfRun(): NodeJS.ProcessEnv {
  const { SEVENFOLD_TEST_RUN: run, NODE_TEST_CONTEXT: _, ...env } = process.env;
  return { ...env, ...(run !== undefined && { SEVENFOLD_TEST_SHARED: run }) };
}

async function findOrStart(name: ServerName): Promise<ServerRecord> {
  const owner = runOf();
  const folder = folderOf(name, owner);
  let guard: number | undefined;
  if (isFirst(folder)) {
    // To a file: a test runner waits until every process that holds its own output has ended, and this one waits for it.
    const log = openSync(path.join(folder, 'guard.log'), 'a');
    const started = spawn(
      process.execPath,
      [
        '--import',
        import.meta.resolve('tsx'),
        guardProgram,
        name,
        folder,
        String(owner.pid),
        owner.startTime,
      ],
      { detached: true, stdio: ['ignore', log, log], cwd: path.dirname(guardProgram), env: outsideOfRun() },
    );
    started.unref();
    guard = started.pid;
    closeSync(log);
  }
  const deadline = Date.now() + 120_000;
  for (;;) {
    const record = readRecord(folder);
    if (record !== undefined) return record;
    const ended = guard !== undefined && processInfo(guard) === undefined;
    if (ended || Date.now() > deadline)
      throw new Error(`no ${name} for the tests after 120 s: see ${folder}/guard.log`);
    await sleep(20);
  }
}

/** Those that this run has started. */
function runningServers(): { name: ServerName; record: ServerRecord }[] {
  return serverNames.flatMap((name) => {
    const record = readRecord(folderOf(name));
    return record === undefined ? [] : [{ name, record }];
  });
}

/** Ends what this run shared; throws when something does not end. */
export async function stopShared(): Promise<void> {
  const running = runningServers();
  for (const { record } of running) if (isSame(record.guard)) process.kill(record.guard.pid, 'SIGTERM');
  for (const { name, record } of running) {
    // It removes the files of a thousand databases, on a machine that may be busy.
    if (!(await waitUntilGone([record.guard], 120_000)))
      throw new Error(`the ${name} in ${folderOf(name)} does not stop`);
  }
  rmSync(folderOf('namespaces'), { recursive: true, force: true });
}

/** A number that no other process of this run has: the first free one. */
export function claimNumber(what: string, most: number): number {
  mkdirSync(folderOf(what), { recursive: true });
  for (let number = 0; number < most; number += 1) {
    if (isFirst(path.join(folderOf(what), String(number)))) return number;
  }
  throw new Error(`all ${most} ${what} of this test run are taken`);
}

/** A namespace of the shared Temporal that no other file uses. */
export function ownNamespace(): string {
  return namespaces[claimNumber('namespaces', namespaces.length)]!;
}
