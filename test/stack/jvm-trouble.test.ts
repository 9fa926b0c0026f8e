import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { KeeperHealth } from '../../src/engines/local/protocol.ts';
import type { Addresses } from '../../src/stack/addresses.ts';
import { askKeeper, settledJvm, sparkPart, troubleOf } from '../../src/stack/spark.ts';

const nobody = { pid: 1, startTime: '1' };

function healthWith(jvm: Partial<KeeperHealth['jvm']>): KeeperHealth {
  return {
    pid: 1,
    jvm: {
      ...{ state: 'starting', pid: null, rssMb: null, starts: 1, problem: null },
      replaced: { died: 0, hung: 0, grown: 0 },
      ...jvm,
    },
    ...{ runner: { pid: null, rssMb: null }, slots: 1, running: [], waiting: [] },
  };
}

/** Answers as a keeper does, each time with the next of these and at last always with the same. */
async function keeperThatSays(t: TestContext, ...answers: string[]): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sevenfold-health-'));
  const socketPath = path.join(folder, 'keeper.sock');
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(`${answers.length > 1 ? answers.shift()! : answers[0]!}\n`));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return socketPath;
}

const say = (jvm: Partial<KeeperHealth['jvm']>): string => JSON.stringify({ value: healthWith(jvm) });

test('a keeper whose JVM does not start serves, and its part says what is wrong until it is not', async (t) => {
  const problem = 'the JVM ended while it started: Error: no such option';
  const sparkSocket = await keeperThatSays(t, say({ state: 'failing', problem }), say({ state: 'ready' }));
  const part = sparkPart({ sparkSocket } as Addresses, '/checkout');
  assert.equal(await part.health(nobody, 0), 'serving');
  assert.equal(part.trouble?.(), `the JVM does not start: ${problem}`);
  assert.equal(await part.health(nobody, 0), 'serving');
  assert.equal(part.trouble?.(), null);
});

test('`up` waits for what becomes of the JVM', async (t) => {
  const socket = await keeperThatSays(t, say({}), say({}), say({ state: 'ready', pid: 7 }));
  assert.equal((await settledJvm(socket))?.jvm.pid, 7);
});

test('a keeper that is gone or answers nonsense is silent', async (t) => {
  assert.equal(await askKeeper('/nowhere/keeper.sock'), undefined);
  const socket = await keeperThatSays(t, 'nonsense');
  assert.equal(await askKeeper(socket), undefined);
  const part = sparkPart({ sparkSocket: socket } as Addresses, '/checkout');
  assert.equal(await part.health(nobody, 0), 'silent');
  assert.equal(part.trouble?.(), null);
  assert.equal(troubleOf(healthWith({})), null);
});
