/**
 * Holds the PostgreSQL of one test run: `postgres-guard.ts <folder> <owner's pid> <owner's start time>`.
 * Ends it and removes its data when the owner is gone or on SIGTERM.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { initialiseCluster, openCluster, serverArguments } from '../../src/stack/cluster.ts';
import { chooseDataFolder, serverUser, spawnAs } from '../../src/stack/places.ts';
import { identify, isSame } from '../../src/stack/processes.ts';
import type { ServerRecord } from './postgres.ts';

const [, , folder = '', ownerPid = '', startTime = ''] = process.argv;
const owner = { pid: Number(ownerPid), startTime };

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

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

async function end(): Promise<never> {
  server.kill('SIGQUIT'); // immediate: nothing in it is worth a checkpoint
  await ended;
  rmSync(dataFolder, { recursive: true, force: true });
  if (!dataFolder.startsWith(folder)) rmSync(path.dirname(dataFolder), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}
process.once('SIGTERM', () => void end());
process.once('SIGINT', () => void end());
void ended.then(end);

const url = `postgresql://sevenfold:${password}@127.0.0.1:${port}/postgres`;
for (;;) {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.end();
    break;
  } catch {
    await sleep(20);
  }
}
const guard = identify(process.pid);
if (guard === undefined) throw new Error('this process does not find itself');
const record: ServerRecord = { url, guard };
writeFileSync(path.join(folder, 'server.json.new'), JSON.stringify(record), { mode: 0o600 });
renameSync(path.join(folder, 'server.json.new'), path.join(folder, 'server.json'));

while (isSame(owner)) await sleep(200);
await end();
