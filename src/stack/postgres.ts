import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { clientOptions } from '../database/client-options.ts';
import { migrate } from '../database/migrate.ts';
import { Failure } from '../failures.ts';
import type { Addresses } from './addresses.ts';
import { addressesFile } from './chosen.ts';
import {
  clearCluster,
  initialiseCluster,
  openCluster,
  serverArguments,
  serverEnvironment,
} from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { isSamePlace } from './ownership.ts';
import type { Health, Launch, Part } from './part.ts';
import { spawnAs } from './places.ts';
import { describeListener, isFree } from './ports.ts';
import type { ProcessIdentity } from './processes.ts';

/** For bulk loads on a small machine; nothing here trades a committed transaction for speed. */
const settings = {
  max_connections: '100',
  shared_buffers: '512MB',
  work_mem: '32MB',
  maintenance_work_mem: '256MB',
  effective_cache_size: '4GB',
  // A load of some gigabytes must not be a checkpoint every few seconds.
  max_wal_size: '4GB',
  min_wal_size: '512MB',
  checkpoint_timeout: '15min',
  // pglz: the shipped programs are built without lz4.
  wal_compression: 'on',
  // Two loads at once fill the usual 16 MB before it is written.
  wal_buffers: '64MB',
  synchronous_commit: 'on',
  random_page_cost: '1.1',
  // Compiling a query costs more than our queries do.
  jit: 'off',
  log_line_prefix: '%m [%p] %a ',
  timezone: 'UTC',
};

const database = 'sevenfold';

function connect(url: string, timeoutMs: number): pg.Client {
  const client = new pg.Client({
    ...clientOptions(url),
    application_name: 'sevenfold-supervisor',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  client.on('error', () => undefined); // a server killed between two queries rejects the next one
  return client;
}

/** The embedded PostgreSQL. */
export function postgresPart(addresses: Addresses): Part {
  let cluster: Cluster | undefined;
  return {
    name: 'postgres',
    needs: [],
    runsOurCode: false,
    // SIGINT is the fast shutdown: it ends sessions and writes a checkpoint.
    stop: { signal: 'SIGINT', graceMs: 60_000 },
    silentLimitMs: 60_000,
    address: () => `127.0.0.1:${addresses.port('postgres')}`,

    async prepare(): Promise<Launch> {
      cluster ??= openCluster(addresses.databaseFolder);
      await initialiseCluster(cluster, addresses.databasePassword);
      await addresses.choosePorts(['postgres']);
      const port = addresses.port('postgres');
      if (!(await isFree(port))) {
        throw new Failure(
          'Infrastructure',
          `a port in use: PostgreSQL's ${port} is held by ${describeListener(port)}: end it, or change the number in ${addressesFile(addresses.stateFolder)}`,
        );
      }
      return {
        command: cluster.programs.postgres,
        args: serverArguments(cluster, port, settings),
        env: serverEnvironment,
        ...spawnAs(cluster.user),
      };
    },

    async health(): Promise<Health> {
      const client = connect(addresses.databaseUrl('postgres'), 5_000);
      try {
        await client.connect();
        // The port may have gone to the server of a copy of this folder, which has the same password.
        const { rows } = await client.query<{ folder: string }>(
          "select current_setting('data_directory') as folder",
        );
        return isSamePlace(rows[0]?.folder ?? '', addresses.databaseFolder) ? 'serving' : 'silent';
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === '53300') return 'serving'; // all connections taken: it answers
        return code === '57P03' ? 'starting' : 'silent';
      } finally {
        await client.end().catch(() => undefined);
      }
    },

    async settle(server: ProcessIdentity): Promise<void> {
      addresses.prove(['postgres']);
      protectFromMemoryKiller(server);
      const client = connect(addresses.databaseUrl('postgres'), 30_000);
      await client.connect();
      try {
        const { rows } = await client.query('select 1 from pg_database where datname = $1', [database]);
        if (rows.length === 0) await client.query(`create database ${database}`);
      } finally {
        await client.end();
      }
      await migrate(addresses.databaseUrl());
    },

    clear: () => clearCluster(addresses.databaseFolder),
  };
}

/** When memory runs out, a Spark job can be repeated; the database should be the last to go. Only root may ask for it. */
function protectFromMemoryKiller({ pid }: ProcessIdentity): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '-500');
  } catch {
    // not Linux, or not root
  }
}
