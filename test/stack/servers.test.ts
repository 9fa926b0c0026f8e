import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import { test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { clusterName } from '../../src/stack/cluster.ts';
import { readChosen } from '../../src/stack/chosen.ts';
import { isAlive, isSame } from '../../src/stack/processes.ts';
import { stackStatus, takeDown } from '../../src/stack/stack.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { kill9, partOf, testStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

test('a killed PostgreSQL is back at its address with its data, past a stopped backend in mid-write', async (t) => {
  const stack = testStack(t, ['postgres']);
  const before = await stack.up();
  const url = before.databaseUrl;
  await query(url, 'create table kept (id integer primary key)');
  await query(url, 'insert into kept values (1)');

  // A session that holds locks and, stopped, neither hears of its postmaster's end nor lets go of the shared memory.
  const session = new pg.Client({ connectionString: url });
  session.on('error', () => undefined);
  await session.connect();
  await session.query('begin; insert into kept values (2)');
  const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
  const backend = rows[0]?.pid ?? 0;
  process.kill(backend, 'SIGSTOP');
  await kill9(partOf(before, 'postgres'));

  await until('it is replaced', () => {
    const part = stackStatus(stack.place.stateFolder)?.parts[0];
    return part?.state === 'running' && part.restarts > 0;
  });
  assert.deepEqual(await query(url, 'select id from kept'), [{ id: 1 }]);
  assert.equal((await stack.up()).databaseUrl, url);
  session.end().catch(() => undefined);

  await takeDown(stack.place, () => undefined);
  const name = clusterName(readChosen(stack.place.stateFolder)?.databaseFolder ?? '');
  assert.equal(isAlive(backend), false);
  const { stdout } = await run('ps', ['-ax', '-o', 'command=']);
  assert.doesNotMatch(stdout, new RegExp(name));
});

test('PostgreSQL is served on loopback alone, flushing every commit, in UTF8', async (t) => {
  const stack = testStack(t, ['postgres']);
  const { databaseUrl } = await stack.up();
  const [found] = await query(
    databaseUrl,
    `select current_setting('listen_addresses') as listens, current_setting('data_checksums') as checksums,
       current_setting('unix_socket_directories') as sockets, pg_encoding_to_char(encoding) as encoding,
       current_setting('synchronous_commit') as synchronous, to_regclass('public.runs') is not null as migrated
     from pg_database where datname = current_database()`,
  );
  assert.deepEqual(found, {
    listens: '127.0.0.1',
    checksums: 'off', // docs/decisions/016
    sockets: '',
    encoding: 'UTF8',
    synchronous: 'on',
    migrated: true,
  });
});

test('a killed Temporal is back at its address with its workflows, attributes and retention', async (t) => {
  const stack = testStack(t, ['temporal']);
  const before = await stack.up();
  const { temporal } = locateToolchain(stack.place.stateFolder);
  const ask = async (...args: string[]): Promise<string> =>
    (await run(temporal, [...args, '--address', before.temporalAddress, '--output', 'json'])).stdout;
  await ask(
    ...['workflow', 'start', '--workflow-id', 'kept', '--type', 'anything', '--task-queue', 'nobody'],
    ...['--search-attribute', 'SevenfoldKind="anything"', '--search-attribute', 'SevenfoldFailed=3'],
  );
  await kill9(partOf(before, 'temporal'));
  await until('it is replaced', () => {
    const part = stackStatus(stack.place.stateFolder)?.parts[0];
    return part?.state === 'running' && part.restarts > 0;
  });
  assert.equal((await stack.up()).temporalAddress, before.temporalAddress);
  const described = JSON.parse(await ask('workflow', 'describe', '--workflow-id', 'kept')) as {
    workflowExecutionInfo: { status: string };
  };
  assert.equal(described.workflowExecutionInfo.status, 'WORKFLOW_EXECUTION_STATUS_RUNNING');
  assert.match(await ask('operator', 'namespace', 'describe', '--namespace', 'default'), /"2592000s"/);
  // The page for people is there too.
  const status = await new Promise((resolve, reject) =>
    http.get(before.temporalUi, (answer) => resolve(answer.resume().statusCode)).on('error', reject),
  );
  assert.equal(status, 200);
  await takeDown(stack.place, () => undefined);
  assert.equal(isSame(partOf(before, 'temporal')), false);
});
