import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { env } from 'node:process';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { createLocalEngine, type LocalEngine } from '../../src/engines/local/client.ts';
import { Keeper } from '../../src/engines/local/keeper.ts';
import { keeperSocket } from '../../src/engines/local/protocol.ts';
import { locateToolchain } from '../../src/stack/toolchain.ts';
import { ended, probe, run } from './support.ts';
import { until } from '../support/until.ts';

// A dead JVM must be distinguished from a hung one, so one keeper gets both: each further keeper costs a JVM more.
let engine: LocalEngine;
let stop: (() => Promise<void>) | undefined;

before(async () => {
  const config = readConfig();
  const stateFolder = mkdtempSync(path.join(tmpdir(), 'sevenfold-keeper-'));
  const socketPath = keeperSocket(stateFolder);
  const keeper = new Keeper(
    {
      ...locateToolchain(config.stateFolder),
      stateFolder,
      socketPath,
      sparkFolder: path.join(config.checkout, 'spark'),
      cores: 2,
      slots: 1,
      driverMemory: '1g',
      executorMemory: '512m',
      failpoints: undefined,
      environment: { ...env, PYTHONPATH: path.join(config.checkout, 'spark', 'tests', 'jobs') },
      // One ping after the other: a broken connection is known before the end of the process is.
      pingEveryMs: 1,
      pingTimeoutMs: 2_000,
    },
    pino({ level: 'silent' }),
  );
  engine = createLocalEngine({ socketPath });
  stop = async () => {
    await engine.close();
    await keeper.close();
    rmSync(stateFolder, { recursive: true, force: true });
    rmSync(path.dirname(socketPath), { recursive: true, force: true });
  };
  await keeper.start();
});
after(() => stop?.());

test('a JVM that no longer answers is killed and replaced, what ran in it fails as Infrastructure', async () => {
  assert.equal((await run(engine, probe({ do: 'sum' }))).state, 'SUCCEEDED');
  const request = probe({ do: 'wait_in_tasks' });
  await engine.create(request, {});
  await until('it runs', async () =>
    (await engine.look(request.batchId))?.state === 'RUNNING' ? true : undefined,
  );
  const { jvm: before } = await engine.health();
  process.kill(before.pid!, 'SIGSTOP');
  const seen = await ended(engine, request.batchId);
  assert.deepEqual([seen.state, seen.errorType], ['FAILED', 'Infrastructure']);
  assert.match(seen.message ?? '', /had not answered for 2 s/);
  assert.equal((await run(engine, probe({ do: 'sum' }))).state, 'SUCCEEDED');
  const { jvm: after } = await engine.health();
  assert.notEqual(after.pid, before.pid);
  assert.ok(after.replaced.hung >= 1);
});

test('a JVM that is killed while it is being asked has died and not hung', async () => {
  const { jvm: replacing } = await engine.health();
  const request = probe({ do: 'wait_in_tasks' });
  await engine.create(request, {});
  await until('it runs', async () =>
    (await engine.look(request.batchId))?.state === 'RUNNING' ? true : undefined,
  );
  const { jvm: before } = await engine.health();
  process.kill(before.pid!, 'SIGKILL');
  const seen = await ended(engine, request.batchId);
  assert.match(seen.message ?? '', /shared JVM.*SIGKILL/);
  const { replaced } = (await engine.health()).jvm;
  assert.deepEqual(replaced, { ...replacing.replaced, died: replacing.replaced.died + 1 });
});
