import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Connection } from '@temporalio/client';
import { readConfig } from '../src/config.ts';
import { clientOptions, resolveConnections } from '../src/connections.ts';
import { writeJson } from '../src/stack/files.ts';

/** A server that counts who comes and answers nothing. */
async function listener(t: TestContext): Promise<{ port: number; came: () => number }> {
  let came = 0;
  const server = net.createServer((socket) => {
    came += 1;
    socket.on('error', () => undefined);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, came: () => came };
}

test('a server on this machine is never reached through a proxy', async (t) => {
  const [proxy, temporal] = [await listener(t), await listener(t)];
  const before = process.env['http_proxy'];
  process.env['http_proxy'] = `http://127.0.0.1:${proxy.port}`;
  t.after(() => {
    if (before === undefined) delete process.env['http_proxy'];
    else process.env['http_proxy'] = before;
  });
  const address = `127.0.0.1:${temporal.port}`;
  const connecting = Connection.connect({ ...clientOptions({ address }), connectTimeout: '1 second' });
  await assert.rejects(connecting);
  assert.equal(proxy.came(), 0);
  assert.ok(temporal.came() > 0);
});

test('only servers on this machine go without the proxy', () => {
  for (const address of ['127.0.0.1:7233', 'localhost:7233', '[::1]:7233', '127.0.0.2:1'])
    assert.deepEqual(clientOptions({ address }).channelArgs, { 'grpc.enable_http_proxy': 0 }, address);
  for (const address of ['temporal.internal:7233', '10.0.0.1:7233', '127.0.0.1.example.com:7233'])
    assert.equal(clientOptions({ address }).channelArgs, undefined, address);
});

test("the embedded server is addressed without a person's keys, also by the address that `env` exports", async (t) => {
  const stateFolder = realpathSync(mkdtempSync(path.join(tmpdir(), 'sevenfold-connections-')));
  t.after(() => rmSync(stateFolder, { recursive: true }));
  writeJson(path.join(stateFolder, 'stack.json'), {
    stateFolder,
    databaseUrl: 'postgresql://x',
    temporalAddress: '127.0.0.1:7244',
    temporalNamespace: 'default',
    sparkSocket: '/tmp/x.sock',
  });
  const before = process.env['TEMPORAL_API_KEY'];
  process.env['TEMPORAL_API_KEY'] = 'of another server';
  t.after(() => {
    if (before === undefined) delete process.env['TEMPORAL_API_KEY'];
    else process.env['TEMPORAL_API_KEY'] = before;
  });
  const at = async (env: Record<string, string>) =>
    (await resolveConnections(readConfig({ SEVENFOLD_STATE: stateFolder, ...env }))).temporal;
  const embedded = { connection: { address: '127.0.0.1:7244' }, namespace: 'default' };
  assert.deepEqual(await at({}), embedded);
  assert.deepEqual(await at({ TEMPORAL_ADDRESS: '127.0.0.1:7244' }), embedded);
});
