import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { descendantsOf, isAlive } from '../../src/stack/processes.ts';
import { until } from '../support/until.ts';

const program = ['--import', 'tsx', fileURLToPath(new URL('./main.ts', import.meta.url))];

test('npm run emulator says what to export, and Ctrl-C leaves nothing', async () => {
  const emulator = spawn(
    process.execPath,
    [...program, '--database', 'postgresql://h/db', '--bucket', 'mine'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  let ready = false;
  emulator.stdout.on('data', (data: Buffer) => (said += data.toString()));
  emulator.stderr.on('data', (data: Buffer) => (ready ||= data.toString().includes('Ctrl-C')));
  await until('it is ready', () => ready);
  const exported: Record<string, string> = Object.fromEntries(
    [...said.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name!, value!]),
  );
  assert.equal(exported.DATAPROC_API_ENDPOINT, '127.0.0.1');
  assert.match(exported.DATAPROC_API_PORT ?? '', /^\d+$/);
  assert.equal(exported.GCP_TEMP_BUCKET, 'mine');
  assert.ok(!said.includes('postgresql://'), 'the secret is not shown');
  const buckets = await fetch(`${exported.STORAGE_EMULATOR_HOST}/b?project=test`);
  assert.match(await buckets.text(), /"mine"/);
  const children = descendantsOf(emulator.pid!);
  emulator.kill('SIGINT');
  const [code] = (await once(emulator, 'exit')) as [number | null];
  assert.equal(code, 0);
  assert.ok(children.length > 0);
  await until('its children are gone', () => children.every(({ pid }) => !isAlive(pid)));
});

test('npm run emulator -- --help tells its options and starts nothing', () => {
  const { status, stdout } = spawnSync(process.execPath, [...program, '--help'], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.match(stdout, /--database <url>/);
});
