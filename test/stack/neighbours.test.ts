import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import pg from 'pg';
import { stackStatus, takeDown } from '../../src/stack/stack.ts';
import { partOf, testStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

async function listen(port: number): Promise<net.Server> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

test('two checkouts started at once run side by side, and one going down leaves the other alone', async (t) => {
  const one = testStack(t, ['postgres', 'temporal']);
  const two = testStack(t, ['postgres', 'temporal']);
  const [first, second] = await Promise.all([one.up(), two.up()]);
  for (const key of ['databaseUrl', 'temporalAddress', 'temporalUi', 'sparkSocket'] as const) {
    assert.notEqual(first[key], second[key], key);
  }
  await takeDown(one.place, () => undefined);
  assert.deepEqual(await two.up(), second);
  const client = new pg.Client({ connectionString: second.databaseUrl });
  await client.connect();
  await client.end();
  // And the other keeps its addresses.
  const again = await one.up();
  assert.equal(again.temporalAddress, first.temporalAddress);
  assert.equal(again.databaseUrl, first.databaseUrl);
});

test('a port taken by a stranger is named with its holder, and used again when it is free', async (t) => {
  // With the preferred port taken it chooses one that no other stack of a test would step into while it is down.
  const { stack, before, port } = await until('a stack is beside the preferred port', async () => {
    const stack = testStack(t, ['temporal']);
    const preferred = await listen(7233).catch(() => undefined);
    const before = await stack.up();
    preferred?.close();
    await takeDown(stack.place, () => undefined);
    const port = Number(before.temporalAddress.split(':')[1]);
    // Another test's stack had it for that moment, and has given it back since.
    return port === 7233 ? undefined : { stack, before, port };
  });
  const stranger = await listen(port);
  await assert.rejects(stack.up(), {
    name: 'Infrastructure',
    message: new RegExp(
      `a port in use: Temporal's ${port} is held by pid ${process.pid} \\(.*\\): end it, or change`,
    ),
  });
  await new Promise((resolve) => stranger.close(resolve));
  // The supervisor has gone on trying.
  await until('Temporal runs', () => stackStatus(stack.place.stateFolder)?.parts[0]?.state === 'running');
  const after = await stack.up();
  assert.equal(after.temporalAddress, before.temporalAddress);
  assert.ok(partOf(after, 'temporal').pid > 0);
});

test('two checkouts that take turns on the preferred port do not lock each other out', async (t) => {
  const one = testStack(t, ['temporal']);
  const before = await one.up();
  // Only where nobody else has it is there a turn to take.
  if (before.temporalAddress !== '127.0.0.1:7233') return;
  await takeDown(one.place, () => undefined);
  for (let tries = 1; ; tries += 1) {
    const two = testStack(t, ['temporal']);
    if ((await two.up()).temporalAddress === before.temporalAddress) break;
    // A stack of another test was quicker: it has the port still, or had it for a moment.
    const free = await listen(7233).catch(() => undefined);
    if (free === undefined) break;
    await new Promise((resolve) => free.close(resolve));
    assert.ok(tries < 5, 'the preferred port is free and not taken');
    await takeDown(two.place, () => undefined);
  }
  assert.notEqual((await one.up()).temporalAddress, before.temporalAddress);
});
