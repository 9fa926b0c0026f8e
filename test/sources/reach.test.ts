/** Ways to a provider that do not lead there: a family of addresses that hangs, a certificate that nobody knows here. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import dns from 'node:dns';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readConfig } from '../../src/config.ts';
import { SourceClient, usualLimits } from '../../src/sources/client.ts';
import { readSourceSettings } from '../../src/sources/settings.ts';

/** Listens on ::1 and accepts nobody: its queue is full, so that whoever connects waits. */
const deaf = `
import socket, time
deaf = socket.socket(socket.AF_INET6)
deaf.bind(("::1", 0))
deaf.listen(0)
waiting = [socket.socket(socket.AF_INET6) for _ in range(3)]
for each in waiting:
    each.setblocking(False)
    each.connect_ex(deaf.getsockname())
print(deaf.getsockname()[1], flush=True)
time.sleep(60)
`;

test('a provider whose IPv6 hangs is asked over IPv4', async (t) => {
  const child = spawn('python3', ['-c', deaf], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill());
  const port = await new Promise<number>((resolve) => {
    child.stdout.once('data', (bytes: Buffer) => resolve(Number(bytes.toString())));
    child.once('exit', () => resolve(0));
  });
  if (port === 0) return t.skip('there is no IPv6 here');
  const server = createServer((_, response) => response.end('by IPv4'));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => server.close());
  const addresses = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ];
  t.mock.method(dns, 'lookup', (_: string, __: object, found: (error: null, all: object) => void) =>
    found(null, addresses),
  );
  const client = new SourceClient(readSourceSettings({}), { ...usualLimits, connectMs: 4_000 });
  t.after(() => client.close());
  const { body } = await client.ask({ url: new URL(`http://provider.invalid:${port}/`), method: 'GET' });
  assert.equal(body.toString(), 'by IPv4');
});

const ask = `
import { SourceClient } from './src/sources/client.ts';
import { readSourceSettings } from './src/sources/settings.ts';
const client = new SourceClient(readSourceSettings({}));
const asked = client.ask({ url: new URL(process.argv[1]), method: 'GET' });
console.log(await asked.then(({ body }) => body.toString(), ({ message }) => message));
await client.close();
`;

test('a certificate authority of one’s own counts where NODE_EXTRA_CA_CERTS names it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-ca-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
  try {
    execFileSync('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', key, '-out', certificate],
    ]);
  } catch {
    return t.skip('there is no openssl to make a certificate');
  }
  const server = createSecureServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (_, response) => response.end('trusted'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  const said = async (variables: NodeJS.ProcessEnv): Promise<string> => {
    const args = ['--import', 'tsx', '--input-type=module', '--eval', ask, url];
    const env = { ...process.env, ...variables };
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: readConfig().checkout,
      env,
    });
    return stdout.trim();
  };
  const [unknown, known] = await Promise.all([
    said({ NODE_EXTRA_CA_CERTS: '' }),
    said({ NODE_EXTRA_CA_CERTS: certificate }),
  ]);
  assert.match(
    unknown,
    /certificate is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\).*set NODE_EXTRA_CA_CERTS/,
  );
  assert.equal(known, 'trusted');
});
