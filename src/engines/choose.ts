import type { Logger } from 'pino';
import { Failure } from '../failures.ts';
import type { Engine, EngineConfig } from './engine.ts';
import { engineNamed, NotConfigured } from './index.ts';
import { thisMachine } from './names.ts';
import type { Mode } from './names.ts';

/** Where the batches of a run go. */
export type Placement =
  | { mode: string; engine: Engine; fallback?: { from: string; reason: string } }
  /** On a task queue; the fleet that serves it has an engine. */
  | { mode: typeof queue; engine?: never };

/** All engines of an installation; each is connected to when it is first asked for. */
export interface Engines {
  /** For new batches of a run, which may ask for a mode of its own. */
  place(asked?: string, master?: string): Promise<Placement>;
  /** By its name in the ledger: an older batch may lie where new ones no longer go. Throws where it cannot be connected to. */
  named(name: string, master?: string): Promise<Engine>;
  close(): Promise<void>;
}

export interface EnginesOptions {
  /** Holds the engines (`readConfig` takes the registry). */
  config: EngineConfig & { mode: string; queueEngine: string; sparkFallback: boolean };
  /** The keeper's socket. */
  sparkSocket: string;
  log: Pick<Logger, 'warn' | 'info'>;
  /** A worker that serves the queue itself must not pass on what was passed to it. */
  servesQueue?: boolean;
}

const queue = 'queue' satisfies Mode;

/** Credentials may come later; looking for them takes a second, and every batch would. */
const retrySetUpMs = 60_000;

export function createEngines({ config, sparkSocket, log, servesQueue = false }: EnginesOptions): Engines {
  const connections = new Map<string, Promise<Engine>>();

  function named(name: string, master?: string): Promise<Engine> {
    const key = `${name} ${master ?? ''}`;
    const known = connections.get(key);
    if (known !== undefined) return known;
    const connection = connect(name, master);
    connections.set(key, connection);
    connection.catch(() => setTimeout(() => connections.delete(key), retrySetUpMs).unref());
    return connection;
  }

  async function connect(name: string, master?: string): Promise<Engine> {
    const engine = engineNamed(config, name);
    const problem = engine.problem?.(master);
    if (problem !== undefined) throw new NotConfigured(problem);
    return engine.connect({
      config,
      sparkSocket,
      ...(master !== undefined && { master }),
      thisMachine: () => named(thisMachine),
      log,
    });
  }

  return {
    named,
    async place(asked, master) {
      const wanted = asked === queue && servesQueue ? undefined : asked;
      const mode = wanted ?? (servesQueue ? config.queueEngine : config.mode);
      if (mode === queue) return { mode: queue };
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
        return { mode: thisMachine, engine: await named(thisMachine), fallback: { from: mode, reason } };
      }
    },
    async close() {
      const settled = await Promise.allSettled(connections.values());
      const made = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      await Promise.allSettled(made.map((engine) => engine.close()));
    },
  };
}
