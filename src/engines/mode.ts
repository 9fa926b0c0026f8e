import { asSwitch, readSwitch, text } from '../environment-values.ts';
import type { Environment } from '../environment-values.ts';
import { Failure } from '../failures.ts';
import type { EngineDefinition } from './engine.ts';
import { modesOf, shippedEngines } from './index.ts';
import type { EngineRegistry } from './index.ts';
import { thisMachine } from './names.ts';

export interface DetectedMode {
  /** An engine or the queue. */
  mode: string;
  /** The mode if there were no queue: the engine of the workers that serve it. */
  queueEngine: string;
  /** Odd about the environment, and no error. */
  warnings: string[];
}

const queue = 'queue';

/** The original's ways to a queue. Ours is a Temporal task queue, so they have no effect. */
const foreignQueueVariables = [
  'GCP_PUBSUB_TOPIC',
  'USE_GCP_TASKS',
  'GCP_TASKS_PROJECT',
  'GCP_TASKS_LOCATION',
  'GCP_TASKS_QUEUE',
  'CLOUD_RUN_BASE_URL',
  'GCP_TASKS_TARGET_PATH',
  'SERVICE_ACCOUNT_EMAIL',
];

/** Where batches of this environment go. Of several modes that it chooses, the one of the highest precedence wins. */
export function detectMode(variables: Environment, registry: EngineRegistry = shippedEngines): DetectedMode {
  const wishes = wishesIn(variables, Object.values(registry));
  const precedence = modesOf(registry).reverse();
  const strongest = (among: readonly Wish[]): string =>
    precedence.find((mode) => among.some((wish) => wish.mode === mode)) ?? thisMachine;
  const mode = strongest(wishes);
  return {
    mode,
    queueEngine: strongest(wishes.filter((wish) => wish.mode !== queue)),
    warnings: [
      ...contradiction(wishes, precedence, mode),
      ...foreignQueues(variables),
      ...Object.values(registry).flatMap((engine) => engine.warnings?.(variables) ?? []),
    ],
  };
}

interface Wish {
  mode: string;
  /** The variable, as the warning names it. */
  by: string;
}

function wishesIn(variables: Environment, engines: readonly EngineDefinition[]): Wish[] {
  const wishes = engines.flatMap((engine) =>
    engine.chosenBy(variables).map((by): Wish => ({ mode: engine.name, by })),
  );
  if (readSwitch(variables, 'USE_GCP_QUEUE') === true) wishes.push({ mode: queue, by: 'USE_GCP_QUEUE' });
  const named = text(variables, 'SPARK_MODE');
  if (named === undefined) return wishes;
  const wordOf = ({ sparkMode, name }: EngineDefinition): string => sparkMode ?? name;
  const engine = engines.find((each) => wordOf(each) === named.toLowerCase());
  if (engine === undefined) {
    const words = [...engines].reverse().map(wordOf);
    throw new Failure('InvalidInput', `SPARK_MODE is "${named}", but must be one of ${words.join(', ')}.`);
  }
  return [...wishes, { mode: engine.name, by: 'SPARK_MODE' }];
}

function contradiction(wishes: readonly Wish[], precedence: readonly string[], winner: string): string[] {
  if (new Set(wishes.map(({ mode }) => mode)).size < 2) return [];
  const said = precedence.flatMap((mode) => {
    const by = wishes.filter((wish) => wish.mode === mode).map((wish) => wish.by);
    return by.length === 0 ? [] : [`${by.join(' and ')} ${by.length === 1 ? 'says' : 'say'} ${mode}`];
  });
  return [`More than one engine is chosen (${said.join(', ')}): batches go to ${winner}.`];
}

function foreignQueues(variables: Environment): string[] {
  const warnings: string[] = [];
  const foreign = foreignQueueVariables.filter((name) => {
    const value = text(variables, name);
    return name === 'USE_GCP_TASKS' ? value !== undefined && asSwitch(value) !== false : value !== undefined;
  });
  if (foreign.length > 0) {
    warnings.push(
      `${foreign.join(', ')} ${foreign.length === 1 ? 'has' : 'have'} no effect: instead of Pub/Sub and Cloud Tasks, sevenfold uses a Temporal task queue. Set USE_GCP_QUEUE=true, and start a worker that serves it: node launch.mjs worker --queue spark`,
    );
  }
  return warnings;
}
