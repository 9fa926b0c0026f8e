import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { programArguments } from '../../../setup/programs.mjs';
import { readConfig } from '../../../src/config.ts';
import { keeperSocket } from '../../../src/engines/local/protocol.ts';
import type { Held } from './guard.ts';

/** The keeper with its warm JVM: jobs of several files run at once; the prefix of their ids says whose they are. */
export async function start(folder: string): Promise<Held> {
  const { checkout, stateFolder } = readConfig();
  const own = path.join(folder, 'state');
  mkdirSync(own);
  copyFileSync(path.join(stateFolder, 'toolchain.json'), path.join(own, 'toolchain.json'));
  const address = keeperSocket(own);
  const keeper = spawn(process.execPath, await programArguments('keeper'), {
    cwd: checkout,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      SEVENFOLD_STATE: own,
      SEVENFOLD_SPARK_SOCKET: address,
      SPARK_DRIVER_MEMORY: '2g',
      SPARK_LOCAL_CORES: '2',
      SPARK_LOCAL_SLOTS: '2',
      PYTHONPATH: path.join(checkout, 'spark', 'tests', 'jobs'),
    },
  });
  const ended = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
  return {
    address,
    pid: keeper.pid!,
    ended,
    async stop() {
      keeper.kill('SIGTERM'); // it ends its JVM and its jobs
      await ended;
      rmSync(path.dirname(address), { recursive: true, force: true });
    },
  };
}
