import path from 'node:path';
import type { Logger } from 'pino';
import { usualMasterUi } from '../config.ts';
import type { Config } from '../config.ts';
import { Failure } from '../failures.ts';
import type { Mode } from '../planning/placement-input.ts';
import { locateToolchain } from '../stack/toolchain.ts';
import type { Engine, EngineName } from './engine.ts';
import { createLocalEngine } from './local/client.ts';
import { createStandaloneEngine } from './standalone/engine.ts';

/** Where the batches of a run go. */
export type Placement =
  | { mode: EngineName; engine: Engine; fallback?: { from: Mode; reason: string } }
  /** On a task queue; the fleet that serves it has an engine. */
  | { mode: 'queue' };

/** All engines of an installation; each is set up when it is first asked for. */
export interface Engines {
  /** For new batches of a run, which may ask for a mode of its own. */
  place(asked?: Mode, master?: string): Promise<Placement>;
  /** By its name in the ledger: an older batch may lie where new ones no longer go. Throws where it cannot be set up. */
  named(name: EngineName, master?: string): Promise<Engine>;
  close(): Promise<void>;
}

export interface EnginesOptions {
  config: Config;
  /** The keeper's socket. */
  sparkSocket: string;
  log: Pick<Logger, 'warn' | 'info'>;
  /** Of a worker that serves the queue itself: it must not hand on what was handed to it. */
  servesQueue?: boolean;
}

/**
 * An engine that this environment does not name: asking again changes nothing, while one that is named and does not answer
 * may answer later.
 */
export class NotConfigured extends Failure {
  constructor(message: string) {
    super('InvalidInput', message);
  }
}

/** Credentials may come later; looking for them takes a second, and every batch would. */
const retrySetUpMs = 60_000;

export function createEngines({ config, sparkSocket, log, servesQueue = false }: EnginesOptions): Engines {
  const local = createLocalEngine({ socketPath: sparkSocket });
  const set = new Map<string, Promise<Engine>>();

  function named(name: EngineName, master?: string): Promise<Engine> {
    if (name === 'local') return Promise.resolve(local);
    const key = `${name} ${master ?? ''}`;
    const known = set.get(key);
    if (known !== undefined) return known;
    const made = setUp(name, master);
    set.set(key, made);
    made.catch(() => setTimeout(() => set.delete(key), retrySetUpMs).unref());
    return made;
  }

  async function setUp(name: Exclude<EngineName, 'local'>, master?: string): Promise<Engine> {
    if (name === 'standalone') {
      const masterUrl = master ?? config.standalone.masterUrl;
      if (masterUrl === undefined) throw new NotConfigured('SPARK_MASTER_URL is not set.');
      return createStandaloneEngine(local, {
        master: masterUrl,
        masterUi: masterUiOf(config.standalone, masterUrl),
        executorMemory: config.sparkExecutorMemory,
      });
    }
    if (config.dataproc.databaseSecret === undefined) {
      log.warn('SEVENFOLD_DATABASE_SECRET is not set: batches must find DATABASE_URL where they run');
    }
    if (config.dataproc.containerImage === undefined && config.dataproc.emulator === undefined) {
      log.warn(
        'DATAPROC_CONTAINER_IMAGE is not set: the runtime alone lacks Python packages that the jobs import',
      );
    }
    return setUpDataproc(config);
  }

  return {
    named,
    async place(asked, master) {
      const wanted = asked === 'queue' && servesQueue ? undefined : asked;
      const mode = wanted ?? (servesQueue ? config.modeBehindQueue : config.mode);
      if (mode === 'queue') return { mode };
      try {
        return { mode, engine: await named(mode, master) };
      } catch (error) {
        const reason = (error as Error).message;
        if (!config.sparkFallback) {
          throw new Failure(
            'InvalidInput',
            `Engine ${mode} cannot be set up: ${reason} Nothing else is tried, because SPARK_FALLBACK is off.`,
            { cause: error },
          );
        }
        log.warn({ mode, reason }, `engine ${mode} cannot be set up: batches run locally`);
        return { mode: 'local', engine: local, fallback: { from: mode, reason } };
      }
    },
    async close() {
      const others = await Promise.allSettled(set.values());
      const made = others.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      await Promise.allSettled([local, ...made].map((engine) => engine.close()));
    },
  };
}

/**
 * Where a master shows its state. What is set is that of the master that is set; where none is, of whichever a run names.
 * Any other is asked on its own host.
 */
function masterUiOf({ masterUrl, masterUi }: Config['standalone'], master: string): string {
  const isSet = master === masterUrl || (masterUrl === undefined && masterUi !== usualMasterUi(undefined));
  return isSet ? masterUi : usualMasterUi(master);
}

async function setUpDataproc(config: Config): Promise<Engine> {
  const { dataproc } = config;
  const { projectId, region, tempBucket, resultsBucket, missing } = dataproc;
  if (missing.length > 0 || projectId === undefined || region === undefined || tempBucket === undefined) {
    throw new NotConfigured(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set.`);
  }
  try {
    // Half a second of imports that nobody else needs.
    const { createDataprocEngine } = await import('./dataproc/engine.ts');
    return await createDataprocEngine({
      ...dataproc,
      projectId,
      region,
      tempBucket,
      resultsBucket: resultsBucket ?? tempBucket,
      sparkProperties: config.sparkProperties,
      codeFolders: [path.join(config.checkout, 'spark'), ...config.extraJobFolders],
      jars: locateToolchain(config.stateFolder).jars,
    });
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('InvalidInput', `Dataproc cannot be reached: ${firstLine(error)}`, { cause: error });
  }
}

function firstLine(error: unknown): string {
  const line = String((error as Error).message ?? error).split('\n')[0] ?? '';
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
