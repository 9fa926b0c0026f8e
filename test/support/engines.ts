import type { Engines } from '../../src/engines/choose.ts';
import type { Engine } from '../../src/engines/engine.ts';

/** All batches go to this engine, whatever is asked for. */
export function onlyEngine(engine: Engine): Engines {
  return {
    place: async () => ({ mode: engine.name, engine }),
    named: async () => engine,
    close: () => engine.close(),
  };
}
