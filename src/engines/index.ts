import { Failure } from '../failures.ts';
import { dataproc } from './dataproc/index.ts';
import type { ConfiguredEngine, EngineConfig, EngineDefinition } from './engine.ts';
import { local } from './local/index.ts';
import type { EngineName, Mode } from './names.ts';
import { standalone } from './standalone/index.ts';

/** Engines by name, in rising precedence: of several that an environment chooses, the last wins. */
export type EngineRegistry = Readonly<Record<string, EngineDefinition>>;

/** The engines that are shipped; the compiler sees that each name has one. */
export const shippedEngines = { local, standalone, dataproc } satisfies Record<EngineName, EngineDefinition>;

/** All modes of a registry in rising precedence: the queue stands just below the engines that outrank it. */
export function modesOf(registry: EngineRegistry): string[] {
  const engines = Object.values(registry);
  const queue = 'queue' satisfies Mode;
  return [
    ...engines.filter(({ outranksQueue }) => outranksQueue !== true).map(({ name }) => name),
    queue,
    ...engines.filter(({ outranksQueue }) => outranksQueue === true).map(({ name }) => name),
  ];
}

/** An engine as this installation configured it; undefined for one that the registry does not have (any more). */
export function findEngine(
  { engines }: Pick<EngineConfig, 'engines'>,
  name: string,
): ConfiguredEngine | undefined {
  return Object.hasOwn(engines, name) ? engines[name] : undefined;
}

/** As `findEngine`; throws `NotConfigured` where there is none. */
export function engineNamed(config: Pick<EngineConfig, 'engines'>, name: string): ConfiguredEngine {
  const engine = findEngine(config, name);
  if (engine !== undefined) return engine;
  const known = Object.keys(config.engines).join(', ');
  throw new NotConfigured(`There is no engine ${name} in this version, only ${known}.`);
}

/**
 * This environment does not name the engine: asking again changes nothing, while one that is named and does not answer may
 * answer later.
 */
export class NotConfigured extends Failure {
  constructor(message: string, options?: ErrorOptions) {
    super('InvalidInput', message, options);
  }
}
