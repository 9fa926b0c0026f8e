import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { initialiseCluster, openCluster, serverArguments } from '../../../src/stack/cluster.ts';
import { chooseDataFolder, serverUser, spawnAs } from '../../../src/stack/places.ts';
import { freePort } from '../ports.ts';
import { until } from '../until.ts';
import type { Held } from './guard.ts';

/** PostgreSQL: its address is that of the database `postgres`, as its superuser. */
export async function start(folder: string): Promise<Held> {
  const dataFolder = chooseDataFolder(folder, 'data', serverUser());
  const cluster = openCluster(dataFolder);
  const password = randomBytes(16).toString('hex');
  await initialiseCluster(cluster, password);
  const port = await freePort();
  // Nothing here outlives the run, so nothing needs to reach the disk.
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    shared_buffers: '256MB',
    max_connections: '200',
    jit: 'off',
    max_prepared_transactions: '0',
    log_min_messages: 'fatal',
  };
  const server = spawn(cluster.programs.postgres, serverArguments(cluster, port, settings), {
    ...spawnAs(cluster.user),
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const url = `postgresql://sevenfold:${password}@127.0.0.1:${port}/postgres`;
  await until('the PostgreSQL of the tests answers', async () => {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      if (server.exitCode !== null) throw new Error('the PostgreSQL of the tests does not start');
      return false;
    }
  });
  return {
    address: url,
    pid: server.pid!,
    ended,
    async stop() {
      server.kill('SIGQUIT'); // immediate: nothing in it is worth a checkpoint
      await ended;
      rmSync(dataFolder, { recursive: true, force: true });
      if (!dataFolder.startsWith(folder)) rmSync(path.dirname(dataFolder), { recursive: true, force: true });
    },
  };
}
