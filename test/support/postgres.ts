import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { migrate, schemaHash } from '../../src/database/migrate.ts';
import { identify, isSame, waitUntilGone } from '../../src/stack/processes.ts';
import type { ProcessIdentity } from '../../src/stack/processes.ts';

/** The migrated database that every test's own is cloned from; the Python tests clone it too. */
export const templateName = 'sevenfold_template';

/** What the server process writes when it is ready. */
export interface ServerRecord {
  url: string;
  guard: ProcessIdentity;
}

export interface TestPostgres {
  /** Of the database `postgres`, as its superuser. */
  url: string;
  stop(): Promise<void>;
}

function otherDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function readRecord(folder: string): ServerRecord | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'server.json'), 'utf8')) as ServerRecord;
  } catch {
    return undefined;
  }
}

/**
 * Starts (or finds) the server of `owner` and makes its template. A guard process holds the server and ends it, data
 * and all, as soon as the owner is gone, however it went: nothing is left of a test run that was killed.
 */
async function serverOf(owner: ProcessIdentity): Promise<{ folder: string; record: ServerRecord }> {
  const folder = path.join(tmpdir(), `sevenfold-test-${owner.pid}-${owner.startTime.replaceAll(/\W/g, '')}`);
  let starter = true;
  try {
    mkdirSync(folder, { mode: 0o755 });
  } catch {
    starter = false;
  }
  if (starter) {
    const guard = fileURLToPath(new URL('./postgres-guard.ts', import.meta.url));
    // To a file: a test runner waits until every process that holds its own output has ended, and this one waits for it.
    const log = openSync(path.join(folder, 'guard.log'), 'a');
    spawn(process.execPath, ['--import', 'tsx', guard, folder, String(owner.pid), owner.startTime], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: path.dirname(guard),
    }).unref();
    closeSync(log);
  }
  const deadline = Date.now() + 60_000;
  for (;;) {
    const record = readRecord(folder);
    if (record !== undefined) return { folder, record };
    if (Date.now() > deadline)
      throw new Error(`no PostgreSQL for the tests after 60 s: see ${folder}/guard.log`);
    await sleep(25);
  }
}

/** A PostgreSQL for a whole test run, with its template made: export its url as SEVENFOLD_TEST_POSTGRES. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const owner = identify(process.pid);
  if (owner === undefined) throw new Error('this process does not find itself');
  const { folder, record } = await serverOf(owner);
  await ensureTemplate(record.url);
  return {
    url: record.url,
    async stop() {
      if (isSame(record.guard)) process.kill(record.guard.pid, 'SIGTERM');
      // It removes the files of a thousand databases, on a machine that may be busy.
      if (!(await waitUntilGone([record.guard], 120_000)))
        throw new Error(`the server in ${folder} does not stop`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let serverUrl: Promise<string> | undefined;

/** The server that this test process shares with the others of its run. */
export function testPostgresUrl(): Promise<string> {
  serverUrl ??= (async () => {
    const given = process.env.SEVENFOLD_TEST_POSTGRES;
    if (given) return given;
    // Under `node --test` every file is a child of the runner, which is the run; alone, a file is its own run.
    const owner = identify(process.env.NODE_TEST_CONTEXT ? process.ppid : process.pid);
    if (owner === undefined) throw new Error('the test runner is gone');
    return (await serverOf(owner)).record.url;
  })();
  return serverUrl;
}

/** Makes the template, unless it stands and has today's migrations. Several processes at once wait for each other. */
async function ensureTemplate(url: string): Promise<void> {
  const hash = schemaHash();
  await withClient(url, async (client) => {
    const isCurrent = async (): Promise<boolean> => {
      const { rows } = await client.query<{ hash: string | null }>(
        "select shobj_description(oid, 'pg_database') as hash from pg_database where datname = $1",
        [templateName],
      );
      return rows[0]?.hash === hash;
    };
    if (await isCurrent()) return;
    await client.query("select pg_advisory_lock(hashtextextended('sevenfold/test-template', 0))");
    if (await isCurrent()) return;
    const unfinished = `${templateName}_unfinished`;
    await client.query(`drop database if exists ${unfinished} with (force)`);
    await client.query(`create database ${unfinished} template template0`);
    await migrate(otherDatabase(url, unfinished));
    await client.query(`drop database if exists ${templateName} with (force)`);
    // Without connections, nothing can be in the way of cloning it.
    await client.query(`alter database ${unfinished} allow_connections false`);
    await client.query(`comment on database ${unfinished} is '${hash}'`);
    await client.query(`alter database ${unfinished} rename to ${templateName}`);
  });
}

let template: Promise<void> | undefined;

/**
 * A fresh database with today's schema, all its own; dropped when the test ends, or, given none, with the server.
 *
 * @example
 * const databaseUrl = await testDatabase(t);
 */
export async function testDatabase(t?: Pick<TestContext, 'after'>): Promise<string> {
  return createDatabase(templateName, t);
}

/** A fresh database with nothing in it. */
export async function emptyDatabase(t?: Pick<TestContext, 'after'>): Promise<string> {
  return createDatabase('template0', t);
}

async function createDatabase(from: string, t?: Pick<TestContext, 'after'>): Promise<string> {
  const url = await testPostgresUrl();
  if (from === templateName) {
    template ??= ensureTemplate(url);
    await template;
  }
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await withClient(url, (client) =>
    client.query(`create database ${name} template ${from} strategy file_copy`),
  );
  t?.after(() => withClient(url, (client) => client.query(`drop database if exists ${name} with (force)`)));
  return otherDatabase(url, name);
}
