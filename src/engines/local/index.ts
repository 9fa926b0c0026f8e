import { gigabytes, readSwitch, text } from '../../environment-values.ts';
import { freeCost } from '../../planning/cost.ts';
import type { ConfiguredEngine, EngineDefinition } from '../engine.ts';
import { resourcesByRule } from '../sizing.ts';
import { createLocalEngine } from './client.ts';
import { driverLog, readDriverLog } from './log.ts';

/** Batches on this machine, in the keeper's JVM or one of their own. */
export const local: EngineDefinition = {
  name: 'local',
  title: 'This machine',
  freeOn: 'this machine',
  rowsInTasks: 'on request',
  chosenBy: (variables) => [
    ...(readSwitch(variables, 'USE_LOCAL_SPARK') === true ? ['USE_LOCAL_SPARK'] : []),
    ...(text(variables, 'SPARK_ENVIRONMENT')?.toLowerCase() === 'local' ? ['SPARK_ENVIRONMENT'] : []),
  ],
  warnings(variables) {
    const environment = text(variables, 'SPARK_ENVIRONMENT');
    if (environment === undefined || environment.toLowerCase() === 'local') return [];
    return [
      `SPARK_ENVIRONMENT=${environment} has no effect: only "local" means anything. Choose an engine with SPARK_MODE.`,
    ];
  },
  configure: () => configured,
};

const configured: ConfiguredEngine = {
  definition: local,
  connect: async ({ sparkSocket }) => createLocalEngine({ socketPath: sparkSocket }),
  size: (work, config) => ({
    ...resourcesByRule(work, config),
    ...(work.sparkMemory !== undefined && { sparkMemory: work.sparkMemory }),
  }),
  // Whatever a batch was planned for, it runs in one JVM on the cores of this machine.
  price: (_, seconds, { sparkCores, sparkDriverMemory }) =>
    freeCost({ cores: sparkCores, gb: gigabytes(sparkDriverMemory), seconds }),
  logPlace: ({ batchId }, config) => driverLog(config, batchId),
  readLog: async ({ batchId }, config) => readDriverLog(config, batchId),
};
