import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Failure } from '../failures.ts';
import { clientOptions } from './client-options.ts';

const folder = fileURLToPath(new URL('./migrations', import.meta.url));

// node-pg-migrate's own lock number: its command line and ours exclude each other.
const lockNumber = '7241865325823964';
const table = 'schema_migrations';
const checksumTable = 'schema_migration_checksums';

export interface Migration {
  /** The file's name without `.sql`: `001_ledger`. */
  name: string;
  sha256: string;
}

/** The migrations of this checkout in the order in which they are applied. */
export function listMigrations(from = folder): Migration[] {
  return readdirSync(from)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({
      name: path.basename(file, '.sql'),
      sha256: createHash('sha256')
        .update(readFileSync(path.join(from, file)))
        .digest('hex'),
    }));
}

/** One value for the whole schema: what a template database or a cache is keyed by. */
export function schemaHash(migrations = listMigrations()): string {
  return createHash('sha256').update(JSON.stringify(migrations)).digest('hex');
}

/** A database address without its password, fit to be shown. */
export function withoutPassword(databaseUrl: string): string {
  try {
    const url = new URL(databaseUrl);
    if (url.password) url.password = '***';
    return url.href;
  } catch {
    return 'the database URL';
  }
}

/** Why a database cannot be used, in one line that names it and says what to look at; the password is never in it. */
export function connectionFailure(databaseUrl: string, error: unknown): Failure {
  const { code, message } = error as { code?: string; message: string };
  const where = withoutPassword(databaseUrl);
  const options = { cause: error };
  if (!/^postgres(ql)?:\/\/./.test(databaseUrl)) {
    return new Failure(
      'InvalidInput',
      'DATABASE_URL is not an address like postgresql://user@host:5432/name',
      options,
    );
  }
  if (/does not support SSL connections/.test(message)) {
    return new Failure(
      'InvalidInput',
      `${where} takes no TLS, but is asked for it: leave sslmode out of DATABASE_URL and unset PGSSLMODE`,
      options,
    );
  }
  if (/CERT|^UNABLE_TO_VERIFY|^ERR_TLS_/.test(code ?? '')) {
    return new Failure(
      'InvalidInput',
      `${where}: its certificate is not trusted (${message}): give its authority by NODE_EXTRA_CA_CERTS, or check DATABASE_URL`,
      options,
    );
  }
  if (/client password must be a string/.test(message)) {
    return new Failure('InvalidInput', `${where} asks for a password: put one into DATABASE_URL`, options);
  }
  switch (code) {
    case '28P01':
    case '28000':
      return new Failure(
        'InvalidInput',
        `${where} refuses this user or password: check DATABASE_URL`,
        options,
      );
    case '53300':
      return new Failure(
        'Infrastructure',
        `${where} has no connection left: end some, or raise its max_connections`,
        options,
      );
    case '57P03':
      return new Failure('Infrastructure', `${where} is just starting: try again in a moment`, options);
    case '42501':
      return new Failure(
        'InvalidInput',
        `${where}: this user may not do that (${message}): use the user that owns the database`,
        options,
      );
    case '3D000':
      return new Failure('InvalidInput', `${where}: there is no database of this name: create it`, options);
    case 'ERR_INVALID_URL':
      return new Failure(
        'InvalidInput',
        'DATABASE_URL is not an address like postgresql://user@host:5432/name',
        options,
      );
    case 'ENOTFOUND':
      return new Failure(
        'InvalidInput',
        `${where}: there is no host of this name: check DATABASE_URL`,
        options,
      );
    case 'ECONNREFUSED':
      return new Failure(
        'Infrastructure',
        `${where}: nothing listens there: start it, or check DATABASE_URL`,
        options,
      );
    default:
      return new Failure(
        'Infrastructure',
        `${where} does not answer: ${message || code || 'no reason given'}`,
        options,
      );
  }
}

interface Applied {
  names: string[];
  checksums: Map<string, string>;
}

async function readApplied(client: pg.Client): Promise<Applied> {
  const { rows } = await client.query<{ known: boolean }>('select to_regclass($1) is not null as known', [
    `public.${checksumTable}`,
  ]);
  if (!rows[0]?.known) return { names: [], checksums: new Map() };
  const applied = await client.query<{ name: string; sha256: string | null; applied: boolean }>(
    `select name, sha256, m.name is not null as applied
     from public.${table} m full join public.${checksumTable} using (name) order by name`,
  );
  return {
    names: applied.rows.filter((row) => row.applied).map((row) => row.name),
    checksums: new Map(applied.rows.map((row) => [row.name, row.sha256 ?? ''])),
  };
}

function refuseIfChanged(migrations: Migration[], { names, checksums }: Applied): void {
  for (const name of names) {
    const migration = migrations.find((one) => one.name === name);
    if (migration === undefined) {
      throw new Failure(
        'InvalidInput',
        `the database has migration ${name}, which this checkout does not: use the newer checkout, or another database`,
      );
    }
    if (checksums.get(name) !== migration.sha256) {
      throw new Failure(
        'InvalidInput',
        `migrations/${name}.sql was edited after it was applied: restore the file and put the change into a new migration`,
      );
    }
  }
}

export interface MigrateOptions {
  /** Called with the name of each migration before it is applied. */
  report?: (name: string) => void;
  /** Another folder of migrations, for tests. */
  folder?: string;
}

/**
 * Brings the schema up to this checkout's and returns the names of what it applied. Each migration is one transaction;
 * several callers at once wait for each other. A file that was edited after it was applied is refused.
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  const from = options.folder ?? folder;
  const migrations = listMigrations(from);
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({ ...clientOptions(databaseUrl), application_name: 'sevenfold-migrate' });
    client.on('error', () => undefined); // a connection lost between queries rejects the next query anyway
    await client.connect();
  } catch (error) {
    await client?.end().catch(() => undefined);
    throw connectionFailure(databaseUrl, error);
  }
  try {
    const before = await readApplied(client);
    refuseIfChanged(migrations, before);
    if (before.names.length === migrations.length) return [];
    return await applyUnderLock(client, from, migrations, options.report ?? (() => undefined));
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function applyUnderLock(
  client: pg.Client,
  from: string,
  migrations: Migration[],
  report: (name: string) => void,
): Promise<string[]> {
  // The library only tries for the lock and gives up; held by this session already, its try succeeds.
  await client.query('select pg_advisory_lock($1)', [lockNumber]);
  try {
    const applied = await readApplied(client);
    refuseIfChanged(migrations, applied);
    const due = migrations.filter((one) => !applied.names.includes(one.name));
    if (due.length === 0) return [];
    await client.query(
      `create table if not exists public.${table} (id serial primary key, name varchar(255) not null, run_on timestamp not null);
       create table if not exists public.${checksumTable} (name text primary key, sha256 text not null)`,
    );
    // Written before the files run: a checksum without its migration means "not yet", never "edited".
    await client.query(
      `insert into public.${checksumTable} (name, sha256) select * from unnest($1::text[], $2::text[])
       on conflict (name) do update set sha256 = excluded.sha256`,
      [due.map((one) => one.name), due.map((one) => one.sha256)],
    );
    // Loaded only now: the library costs 80 ms, and nearly always there is nothing to do.
    const { runner } = await import('node-pg-migrate');
    for (const { name } of due) {
      report(name);
      await runner({
        dbClient: client,
        dir: from,
        ignorePattern: '(?!.*\\.sql$).*',
        direction: 'up',
        file: name,
        migrationsTable: table,
        migrationsSchema: 'public',
        checkOrder: true,
        logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
      }).catch((error: unknown) => {
        throw migrationFailure(name, error);
      });
    }
    return due.map((one) => one.name);
  } finally {
    await client.query('select pg_advisory_unlock($1)', [lockNumber]).catch(() => undefined);
  }
}

function migrationFailure(name: string, error: unknown): Failure {
  const { code, message } = error as { code?: string; message: string };
  const full = code === '53100';
  const advice = full ? 'make room on its disk' : 'nothing of it was applied';
  return new Failure(full ? 'NoSpace' : 'Infrastructure', `migration ${name} failed: ${message}; ${advice}`, {
    cause: error,
  });
}
