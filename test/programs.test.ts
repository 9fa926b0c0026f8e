import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { buildPrograms, keptFolder, makeScripts, namesOfPackages } from '../setup/programs.mjs';
import { readConfig } from '../src/config.ts';

const run = promisify(execFile);
const { checkout } = readConfig();
let folder: string;
before(() => {
  mkdirSync(keptFolder, { recursive: true });
  folder = mkdtempSync(join(keptFolder, 'test-programs-'));
});
after(() => rmSync(folder, { recursive: true }));

// A supervisor is a bundle itself, and makes the worker of newer code; so is this test.
test('programs that a bundle makes run as those that set-up makes', async () => {
  await buildPrograms(folder);
  const program = (name: string, ...args: string[]) =>
    run(process.execPath, [join(folder, `${name}.js`), ...args]);
  assert.equal((await program('client', '--version')).stdout, '0.1.0\n');
  // A package in CommonJS that is loaded when used, and lies in a file of its own, still has its names.
  const away = {
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    SEVENFOLD_SPARK_SOCKET: '/nowhere',
  };
  const script = join(folder, 'client.js');
  const cancelled = await run(process.execPath, [script, 'cancel', 'x'], {
    env: { ...process.env, ...away },
  }).catch((error: unknown) => error as { stderr: string });
  assert.match(cancelled.stderr, /ECONNREFUSED|database/i);
  assert.doesNotMatch(cancelled.stderr, /is not a/);
  assert.match((await program('worker', '--help')).stdout, /Serves the task queues/);
  const code = join(folder, 'workflows.js');
  await program('bundle-workflows', code);
  await run(process.execPath, ['--check', code]);
});

test('what is loaded when used has its names, also in a file of its own', async () => {
  const source = join(folder, 'lazy.ts');
  writeFileSync(
    source,
    `const { Client, Connection } = await import('@temporalio/client');
     const { loadClientConnectConfig } = await import('@temporalio/envconfig');
     console.log(typeof Client, typeof Connection.connect, typeof loadClientConnectConfig);\n`,
  );
  const root = pathToFileURL(`${checkout}/`).href;
  await makeScripts({
    entryPoints: [source],
    outdir: join(folder, 'lazy'),
    splitting: true,
    plugins: [namesOfPackages],
    root: JSON.stringify(root),
    traces: `${root}setup/traces.mjs`,
  });
  const { stdout } = await run(process.execPath, [join(folder, 'lazy', 'lazy.js')]);
  assert.equal(stdout, 'function function function\n');
});

test('a trace names our file and line', async () => {
  const source = join(folder, 'source.ts');
  writeFileSync(
    source,
    'interface Nothing {}\n\nconst fail = (_: Nothing): never => {\n  throw new Error("here");\n};\nfail({});\n',
  );
  const root = pathToFileURL(`${checkout}/`).href;
  await makeScripts({
    entryPoints: [source],
    outdir: join(folder, 'made'),
    root: JSON.stringify(root),
    traces: `${root}setup/traces.mjs`,
  });
  const failed = await run(process.execPath, [join(folder, 'made', 'source.js')]).catch(
    (error: unknown) => error,
  );
  assert.match((failed as { stderr: string }).stderr, /Error: here\n\s+at fail \(file:.*\/source\.ts:4:9\)/);
});
