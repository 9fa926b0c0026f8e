import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { migrate, schemaHash } from '../../src/database/migrate.ts';
import { shared } from './shared.ts';

/** The migrated database that every test's own is cloned from; the Python tests clone it too. */
export const templateName = 'sevenfold_template';

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

/** The server of this test run. */
async function testPostgresUrl(): Promise<string> {
  return process.env.SEVENFOLD_TEST_POSTGRES ?? (await shared('postgres')).address;
}

/** The server of a whole test run, with its template made: export its url as SEVENFOLD_TEST_POSTGRES for Python. */
export async function preparePostgres(): Promise<string> {
  const url = await testPostgresUrl();
  await ensureTemplate(url);
  return url;
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

/** A statement about the server, not about one database. */
export async function onServer(statement: string): Promise<void> {
  await withClient(await testPostgresUrl(), (client) => client.query(statement));
}

/** Drops one of those that these functions made. */
export async function dropDatabase(databaseUrl: string): Promise<void> {
  const name = new URL(databaseUrl).pathname.slice(1);
  await withClient(otherDatabase(databaseUrl, 'postgres'), (client) =>
    client.query(`drop database if exists ${name} with (force)`),
  );
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
  const databaseUrl = otherDatabase(url, name);
  t?.after(() => dropDatabase(databaseUrl));
  return databaseUrl;
}
