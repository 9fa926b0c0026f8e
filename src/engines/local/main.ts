/** The keeper's process: `node launch.mjs keeper`. */
import path from 'node:path';
import { env as inherited } from 'node:process';
import { readConfig } from '../../config.ts';
import { Failure } from '../../failures.ts';
import { createLog } from '../../log.ts';
import { locateToolchain } from '../../stack/toolchain.ts';
import { Keeper } from './keeper.ts';
import { keeperSocket } from './protocol.ts';

try {
  const config = readConfig();
  const log = createLog(config.logLevel, { part: 'keeper', pid: process.pid });
  const keeper = new Keeper(
    {
      ...locateToolchain(config.stateFolder),
      stateFolder: config.stateFolder,
      socketPath: config.sparkSocket ?? keeperSocket(config.stateFolder),
      sparkFolder: path.join(config.checkout, 'spark'),
      cores: config.sparkCores,
      slots: config.sparkSlots,
      driverMemory: config.sparkDriverMemory,
      executorMemory: config.sparkExecutorMemory,
      sparkProperties: config.sparkProperties,
      failpoints: config.failpoints,
      environment: inherited,
    },
    log,
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void keeper.close().then(() => process.exit(0));
    });
  }
  await keeper.start();
} catch (error) {
  console.error(error instanceof Failure ? error.message : error);
  process.exit(1);
}
