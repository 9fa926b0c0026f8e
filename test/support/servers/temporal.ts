import { spawn } from 'node:child_process';
import { Connection } from '@temporalio/client';
import { embeddedEnvironment } from '../../../src/child-environment.ts';
import { readConfig } from '../../../src/config.ts';
import { searchAttributes } from '../../../src/search-attributes.ts';
import { locateToolchain } from '../../../src/stack/toolchain.ts';
import { freePort } from '../ports.ts';
import { namespaces } from '../shared.ts';
import { until } from '../until.ts';
import type { Held } from './guard.ts';

/** The development server as `npm start` runs it, but in memory, with a namespace for each test file that asks. */
export async function start(folder: string): Promise<Held> {
  const port = await freePort();
  const attributes = Object.entries(searchAttributes).map(([name, type]) => `${name}=${type}`);
  const server = spawn(
    locateToolchain(readConfig().stateFolder).temporal,
    [
      ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port)],
      ...['--log-level', 'error', '--dynamic-config-value', 'matching.useNewMatcher=true'],
      ...namespaces.flatMap((name) => ['--namespace', name]),
      ...attributes.flatMap((attribute) => ['--search-attribute', attribute]),
    ],
    {
      cwd: folder,
      env: embeddedEnvironment(process.env),
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    },
  );
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const address = `127.0.0.1:${port}`;
  await until('the Temporal of the tests answers', async () => {
    try {
      const connection = await Connection.connect({ address, connectTimeout: '2 seconds' });
      // The port answers shortly before the namespaces exist.
      await connection.workflowService.describeNamespace({ namespace: namespaces.at(-1)! });
      await connection.close();
      return true;
    } catch {
      if (server.exitCode !== null) throw new Error('the Temporal of the tests does not start');
      return false;
    }
  });
  return {
    address,
    pid: server.pid!,
    ended,
    async stop() {
      server.kill('SIGKILL'); // its data are in memory
      await ended;
    },
  };
}
