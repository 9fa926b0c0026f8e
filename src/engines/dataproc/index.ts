import path from 'node:path';
import { gigabytes, readSwitch } from '../../environment-values.ts';
import { Failure } from '../../failures.ts';
import { actualCost, estimateCost } from '../../planning/cost.ts';
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
  RemoteBatch,
} from '../engine.ts';
import { resourcesByRule } from '../sizing.ts';
import { requestIdOf } from './request-id.ts';
import { readDataprocSettings } from './settings.ts';
import type { DataprocSettings } from './settings.ts';

const switches = ['ENABLE_DATAPROC_SERVERLESS', 'USE_DATAPROC_SERVERLESS'];

/** One Dataproc Serverless batch for each of ours. */
export const dataproc: EngineDefinition = {
  name: 'dataproc',
  title: 'Dataproc',
  sparkMode: 'serverless',
  exportedAs: 'dataproc_serverless',
  outranksQueue: true,
  chosenBy: (variables) => switches.filter((name) => readSwitch(variables, name) === true),
  configure: (variables) => new Dataproc(readDataprocSettings(variables)),
};

export class Dataproc implements ConfiguredEngine {
  readonly definition = dataproc;
  readonly settings: DataprocSettings;

  constructor(settings: DataprocSettings) {
    this.settings = settings;
  }

  get batchPrefix(): string {
    return this.settings.batchPrefix;
  }

  problem(): string | undefined {
    const { missing } = this.settings;
    if (missing.length === 0) return undefined;
    return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set.`;
  }

  async connect({ config, log }: EngineContext): Promise<Engine> {
    const { databaseSecret, containerImage, emulator } = this.settings;
    if (databaseSecret === undefined) {
      log.warn('SEVENFOLD_DATABASE_SECRET is not set: batches must find DATABASE_URL where they run');
    }
    if (containerImage === undefined && emulator === undefined) {
      log.warn(
        'DATAPROC_CONTAINER_IMAGE is not set: the runtime alone lacks Python packages that the jobs import',
      );
    }
    const { projectId, region, tempBucket, resultsBucket } = this.settings;
    if (projectId === undefined || region === undefined || tempBucket === undefined) {
      throw new Failure('InvalidInput', this.problem()!);
    }
    try {
      // Half a second of imports that nobody else needs.
      const [{ createDataprocEngine }, { locateToolchain }] = await Promise.all([
        import('./engine.ts'),
        import('../../stack/toolchain.ts'),
      ]);
      return await createDataprocEngine({
        ...this.settings,
        projectId,
        region,
        tempBucket,
        resultsBucket: resultsBucket ?? tempBucket,
        minExecutors: config.executors.min,
        maxExecutors: config.executors.max,
        sparkProperties: config.sparkProperties,
        codeFolders: [path.join(config.checkout, 'spark'), ...config.extraJobFolders],
        jars: locateToolchain(config.stateFolder).jars,
      });
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure('InvalidInput', `Dataproc cannot be reached: ${firstLine(error)}`, { cause: error });
    }
  }

  size(work: BatchWork, config: EngineConfig): Resources {
    const { executorMemoryGb, driverMemoryGb } = this.settings;
    return {
      ...resourcesByRule(work, config, { executorMemoryGb, driverMemoryGb }),
      ...(work.sparkMemory !== undefined && { executorMemoryGb: gigabytes(work.sparkMemory) }),
    };
  }

  price(resources: Resources, seconds: number, { rates }: EngineConfig): Cost {
    return estimateCost(resources, seconds, rates);
  }

  bill(remote: RemoteBatch | undefined, seconds: number, { rates }: EngineConfig): Cost | undefined {
    const metered = remote?.approximateUsage;
    return metered && actualCost(metered, rates, seconds);
  }

  requestId(batchId: string): string {
    return requestIdOf(batchId);
  }

  objectsRoot(): string {
    const { resultsBucket, tempBucket } = this.settings;
    return `gs://${resultsBucket ?? tempBucket}/objects`;
  }

  logPlace({ remote: { outputUri } }: LoggedBatch): string | undefined {
    return outputUri && `${outputUri}*`;
  }

  async readLog({ remote: { outputUri } }: LoggedBatch): Promise<string | undefined> {
    if (outputUri === undefined) return undefined;
    const { projectId, storageEndpoint: endpoint } = this.settings;
    // Half a second of imports that a local log does not need.
    const [{ Bucket }, { readOutput }] = await Promise.all([import('./bucket.ts'), import('./output.ts')]);
    const open = (name: string) =>
      new Bucket({ projectId: projectId ?? '', name, ...(endpoint !== undefined && { endpoint }) });
    return readOutput(open, outputUri, 'all');
  }
}

function firstLine(error: unknown): string {
  const line = String((error as Error).message ?? error).split('\n')[0] ?? '';
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
