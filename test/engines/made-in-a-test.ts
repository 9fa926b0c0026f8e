import path from 'node:path';
import type {
  ConfiguredEngine,
  Engine,
  EngineConfig,
  EngineDefinition,
  LoggedBatch,
  RemoteBatch,
} from '../../src/engines/engine.ts';
import { createLocalEngine } from '../../src/engines/local/client.ts';
import { readDriverLog } from '../../src/engines/local/log.ts';
import { resourcesByRule } from '../../src/engines/sizing.ts';
import { text } from '../../src/environment-values.ts';
import type { Cost } from '../../src/planning/cost.ts';
import type { Resources } from '../../src/planning/executors.ts';

/**
 * An engine that nothing in src/ knows: batches in another keeper, whose owner bills a cent a second. What it needs beyond
 * its entry in the registry would be a line that adding an engine costs.
 */
export const elsewhere: EngineDefinition = {
  name: 'elsewhere',
  title: 'Elsewhere',
  sparkMode: 'afar',
  exportedAs: 'elsewhere_batch',
  outranksQueue: true,
  chosenBy: (variables) => (text(variables, 'ELSEWHERE_FOLDER') === undefined ? [] : ['ELSEWHERE_FOLDER']),
  configure: (variables) =>
    new Elsewhere(text(variables, 'ELSEWHERE_FOLDER'), text(variables, 'ELSEWHERE_SOCKET')),
};

const usdASecond = 0.01;

class Elsewhere implements ConfiguredEngine {
  readonly definition = elsewhere;
  readonly batchPrefix = 'ew';
  readonly folder: string | undefined;
  readonly socket: string | undefined;

  constructor(folder: string | undefined, socket: string | undefined) {
    this.folder = folder;
    this.socket = socket;
  }

  problem(): string | undefined {
    return this.socket === undefined ? 'ELSEWHERE_SOCKET is not set.' : undefined;
  }

  async connect(): Promise<Engine> {
    return { ...createLocalEngine({ socketPath: this.socket! }), name: elsewhere.name };
  }

  size(work: Parameters<typeof resourcesByRule>[0], config: EngineConfig): Resources {
    return { ...resourcesByRule(work, config), executors: 3 };
  }

  price(_: Resources, seconds: number): Cost {
    return { usd: usdASecond * Math.ceil(seconds), seconds, estimator: 'flat' };
  }

  bill(_: RemoteBatch | undefined, seconds: number): Cost {
    return { usd: usdASecond, seconds, estimator: 'flat' };
  }

  requestId(batchId: string): string {
    return `00000000-0000-4000-8000-0000${batchId.slice(-8)}`;
  }

  objectsRoot(): string {
    return 'gs://elsewhere/objects';
  }

  logPlace({ batchId }: LoggedBatch): string {
    return path.join(this.folder!, 'batches', batchId, 'driver.log');
  }

  async readLog({ batchId }: LoggedBatch): Promise<string | undefined> {
    return readDriverLog({ stateFolder: this.folder! }, batchId);
  }
}
