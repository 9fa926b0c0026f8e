import { gigabytes, text } from '../../environment-values.ts';
import { Failure } from '../../failures.ts';
import { freeCost } from '../../planning/cost.ts';
import type { Cost } from '../../planning/cost.ts';
import type { Resources } from '../../planning/executors.ts';
import type {
  BatchWork,
  ConfiguredEngine,
  Engine,
  EngineConfig,
  EngineContext,
  EngineDefinition,
  LoggedBatch,
} from '../engine.ts';
import { driverLog, readDriverLog } from '../local/log.ts';
import { resourcesByRule } from '../sizing.ts';
import { createStandaloneEngine } from './engine.ts';
import { masterUiOf, readStandaloneSettings } from './settings.ts';
import type { StandaloneSettings } from './settings.ts';

/** Batches on a standalone cluster, with their drivers on this machine. */
export const standalone: EngineDefinition = {
  name: 'standalone',
  title: 'The standalone cluster',
  freeOn: 'machines of your own',
  rowsInTasks: 'by size',
  chosenBy: (variables) => (text(variables, 'SPARK_MASTER_URL') === undefined ? [] : ['SPARK_MASTER_URL']),
  configure: (variables) => new Standalone(readStandaloneSettings(variables)),
};

export class Standalone implements ConfiguredEngine {
  readonly definition = standalone;
  readonly settings: StandaloneSettings;

  constructor(settings: StandaloneSettings) {
    this.settings = settings;
  }

  problem(master = this.settings.masterUrl): string | undefined {
    return master === undefined ? 'SPARK_MASTER_URL is not set.' : undefined;
  }

  async connect({ config, master = this.settings.masterUrl, thisMachine }: EngineContext): Promise<Engine> {
    if (master === undefined) throw new Failure('InvalidInput', this.problem()!);
    return createStandaloneEngine(await thisMachine(), {
      master,
      masterUi: masterUiOf(this.settings, master),
      executorMemory: config.sparkExecutorMemory,
    });
  }

  size(work: BatchWork, config: EngineConfig): Resources {
    const { master, sparkMemory } = work;
    return {
      ...resourcesByRule(work, config),
      ...(sparkMemory !== undefined && { sparkMemory }),
      ...(master !== undefined && { master }),
    };
  }

  price({ executors, executorCores }: Resources, seconds: number, config: EngineConfig): Cost {
    return freeCost({
      cores: executors * executorCores,
      gb: executors * gigabytes(config.sparkExecutorMemory),
      seconds,
    });
  }

  logPlace({ batchId }: LoggedBatch, config: EngineConfig): string {
    return driverLog(config, batchId);
  }

  async readLog({ batchId }: LoggedBatch, config: EngineConfig): Promise<string | undefined> {
    return readDriverLog(config, batchId);
  }
}
