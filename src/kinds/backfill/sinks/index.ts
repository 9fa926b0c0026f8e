import type { Config } from '../../../config.ts';
import { Failure } from '../../../failures.ts';
import { delta } from './delta.ts';
import { isPlaceOfSink, sinkNames } from '../planning/sink-names.ts';
import type { SinkName } from '../planning/sink-names.ts';
import { postgres } from './postgres.ts';
import type { Sink, SinkDefinition, SinkPlace } from './sink.ts';

const sinks: Record<SinkName, SinkDefinition> = { postgres, delta };

/** What a start says of its sink. */
export interface AskedSink {
  sink?: SinkName | undefined;
  sinkPath?: string | undefined;
}

/** The place that a start means. Throws `InvalidInput` for a path that its sink has not, or that is none. */
export function placeOf({ sink, sinkPath }: AskedSink, usual: SinkName, objects: string): SinkPlace {
  const definition = sinks[sink ?? usual];
  const { name } = definition;
  if (definition.defaultPath === undefined) {
    if (sinkPath === undefined) return { name };
    throw new Failure(
      'InvalidInput',
      `sinkPath is given, but the sink ${name} has no path: leave it out, or use ${others(name)}.`,
    );
  }
  const path = sinkPath ?? definition.defaultPath(objects);
  if (!isPlaceOfSink(path)) {
    throw new Failure(
      'InvalidInput',
      `sinkPath is "${path.slice(0, 200)}", but must be a folder's path from / on, or gs://bucket/folder.`,
    );
  }
  const refusal = definition.refusal?.(path);
  if (refusal !== undefined)
    throw new Failure(
      'InvalidInput',
      `The sink ${name} cannot be kept at ${path.slice(0, 200)}: ${refusal}.`,
    );
  return { name, path: path.replace(/(?<=.)\/+$/, '') };
}

/** The sink of a request. Those of runs that were opened when there was one sink only say nothing. */
export function sinkAt(config: Config, place: SinkPlace = { name: 'postgres' }): Sink {
  const definition = (sinks as Partial<Record<string, SinkDefinition>>)[place.name];
  if (definition !== undefined) return definition.open(config, place);
  throw new Failure('InvalidInput', `There is no sink "${place.name}": it is ${sinkNames.join(' or ')}.`);
}

function others(name: string): string {
  return sinkNames
    .filter((each) => each !== name)
    .map((each) => `--sink ${each}`)
    .join(' or ');
}
