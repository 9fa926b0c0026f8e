import type { Mode } from './placement-input.ts';
import { Failure } from '../failures.ts';

export interface ModeSignals {
  /** What the run itself asks for; it wins over the environment, without a word. */
  asked?: Mode | undefined;
  /** The environment's variables. */
  variables: Readonly<Record<string, string | undefined>>;
}

export interface DetectedMode {
  mode: Mode;
  /** What it would be if there were no queue: where whoever serves the queue sends what comes from it. */
  behindQueue: Exclude<Mode, 'queue'>;
  warnings: string[];
}

/** The higher wins; `local` is what is left. */
const precedence = ['dataproc', 'queue', 'standalone', 'local'] as const satisfies readonly Mode[];

/** The original's ways to a queue. Ours is Temporal's, so that they change nothing. */
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

const trueWords = ['1', 'true', 'yes', 'on', 'y', 't'];
const falseWords = ['0', 'false', 'no', 'off', 'n', 'f'];

/** What a word in any case says of a switch; undefined for one that says nothing. */
export function asSwitch(value: string): boolean | undefined {
  const word = value.trim().toLowerCase();
  if (trueWords.includes(word)) return true;
  return falseWords.includes(word) ? false : undefined;
}

/**
 * A switch among the variables; undefined where it is not set. A word that is neither true nor false is refused: a misspelt
 * one would send batches elsewhere, and nobody would notice.
 */
export function readSwitch(variables: ModeSignals['variables'], name: string): boolean | undefined {
  const value = textOf(variables, name);
  if (value === undefined) return undefined;
  const meant = asSwitch(value);
  if (meant !== undefined) return meant;
  throw new Failure('InvalidInput', `${name} is "${value.slice(0, 40)}", but must be true or false.`);
}

/** Where batches go: asked for by the run > Dataproc > queue > standalone > local. */
export function detectMode({ asked, variables }: ModeSignals): DetectedMode {
  const wishes = wishesIn(variables);
  const behindQueue = firstOf(wishes.filter(isNoQueue));
  if (asked !== undefined) {
    return { mode: asked, behindQueue: asked === 'queue' ? behindQueue : asked, warnings: [] };
  }
  const mode = firstOf(wishes);
  return { mode, behindQueue, warnings: [...contradiction(wishes, mode), ...hints(variables)] };
}

interface Wish<M extends Mode = Mode> {
  mode: M;
  /** The variable, as the warning names it. */
  by: string;
}

function isNoQueue(wish: Wish): wish is Wish<Exclude<Mode, 'queue'>> {
  return wish.mode !== 'queue';
}

function firstOf<M extends Mode>(wishes: readonly Wish<M>[]): M | 'local' {
  const modes: readonly Mode[] = wishes.map(({ mode }) => mode);
  return (precedence.find((mode) => modes.includes(mode)) ?? 'local') as M | 'local';
}

const sparkModes: Record<string, Exclude<Mode, 'queue'>> = {
  serverless: 'dataproc',
  standalone: 'standalone',
  local: 'local',
};

function wishesIn(variables: ModeSignals['variables']): Wish[] {
  const wishes: Wish[] = [];
  const flags = [
    ['ENABLE_DATAPROC_SERVERLESS', 'dataproc'],
    ['USE_DATAPROC_SERVERLESS', 'dataproc'],
    ['USE_GCP_QUEUE', 'queue'],
    ['USE_LOCAL_SPARK', 'local'],
  ] as const;
  for (const [by, mode] of flags) if (readSwitch(variables, by) === true) wishes.push({ mode, by });
  if (textOf(variables, 'SPARK_MASTER_URL') !== undefined) {
    wishes.push({ mode: 'standalone', by: 'SPARK_MASTER_URL' });
  }
  if (textOf(variables, 'SPARK_ENVIRONMENT')?.toLowerCase() === 'local') {
    wishes.push({ mode: 'local', by: 'SPARK_ENVIRONMENT' });
  }
  const named = textOf(variables, 'SPARK_MODE');
  if (named === undefined) return wishes;
  const mode = Object.hasOwn(sparkModes, named.toLowerCase()) ? sparkModes[named.toLowerCase()] : undefined;
  if (mode === undefined) {
    throw new Failure(
      'InvalidInput',
      `SPARK_MODE is "${named}", but must be one of ${Object.keys(sparkModes).join(', ')}.`,
    );
  }
  return [...wishes, { mode, by: 'SPARK_MODE' }];
}

function contradiction(wishes: readonly Wish[], winner: Mode): string[] {
  if (new Set(wishes.map(({ mode }) => mode)).size < 2) return [];
  const told = precedence.flatMap((mode) => {
    const by = wishes.filter((wish) => wish.mode === mode).map((wish) => wish.by);
    return by.length === 0 ? [] : [`${by.join(' and ')} ${by.length === 1 ? 'says' : 'say'} ${mode}`];
  });
  return [`More than one engine is chosen (${told.join(', ')}): batches go to ${winner}.`];
}

function hints(variables: ModeSignals['variables']): string[] {
  const warnings: string[] = [];
  const foreign = foreignQueueVariables.filter((name) => {
    const value = textOf(variables, name);
    return name === 'USE_GCP_TASKS' ? value !== undefined && asSwitch(value) !== false : value !== undefined;
  });
  if (foreign.length > 0) {
    warnings.push(
      `${foreign.join(', ')} ${foreign.length === 1 ? 'has' : 'have'} no effect: instead of Pub/Sub and Cloud Tasks, sevenfold uses a Temporal task queue. Set USE_GCP_QUEUE=true, and start a worker that serves it: node launch.mjs worker --queue spark`,
    );
  }
  const environment = textOf(variables, 'SPARK_ENVIRONMENT');
  if (environment !== undefined && environment.toLowerCase() !== 'local') {
    warnings.push(
      `SPARK_ENVIRONMENT=${environment} has no effect: only "local" means anything. Choose an engine with SPARK_MODE.`,
    );
  }
  return warnings;
}

function textOf(variables: ModeSignals['variables'], name: string): string | undefined {
  const value = variables[name]?.trim();
  return value === '' ? undefined : value;
}
