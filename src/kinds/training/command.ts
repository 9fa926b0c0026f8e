import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { namesOf, numberOf } from '../../commands/option-values.ts';
import type { PlacementOptions } from '../../commands/placement-options.ts';
import { Failure } from '../../failures.ts';
import { backfillPriority } from '../../planning/priorities.ts';
import { startRun, withRunOptions } from '../backfill/command.ts';
import { parseTrainingInput, paths, thresholds, trainingDefaults, validations } from './input.ts';
import type { TrainingInput } from './input.ts';
import { trainingKey } from './key.ts';
import { metricsOf, modelsOf } from './models.ts';
import type { Parameter } from './models.ts';

/** As the command line gives them: texts, lists and flags. */
export interface TrainOptions extends PlacementOptions {
  dataset: string;
  target?: string;
  task?: string;
  features?: string[];
  exclude?: string[];
  id?: string;
  date?: string;
  types?: string[];
  models?: string[];
  metric?: string;
  trials?: string;
  parallel?: string;
  validation?: string;
  folds?: string;
  oot?: string[];
  maxFeatures?: string;
  params?: string[];
  threshold?: string;
  cost?: string[];
  positive?: string;
  seed?: string;
  path?: string;
  tasks?: string;
  concurrency?: string;
  json?: boolean;
  showTemporal?: boolean;
}

/** `run train`. */
export function registerTrainingRuns(run: Command, context: CommandContext): void {
  withRunOptions(
    withTrainOptions(
      run
        .command('train')
        .description(
          'find a model of one column from the others: every model is compared on rows it was not fitted on, ' +
            'the chosen one is judged by rows nobody has looked at; fits that are stored already stay',
        ),
    ),
  ).action((options: TrainOptions) => {
    const input = readTrainOptions(options);
    return startRun(context, options, {
      workflow: 'trainModel',
      key: trainingKey(input),
      input,
      priority: backfillPriority,
    });
  });
}

/** What is trained of what, and how. */
export function withTrainOptions(command: Command): Command {
  return command
    .requiredOption('--dataset <file>', 'a CSV or Parquet file, or a name that "sevenfold generate" made')
    .option('--target <column>', 'the column to be predicted (default: none, the rows are grouped)')
    .option(
      '--task <name>',
      'auto, classification or regression (default: by the target); without a target clustering',
    )
    .option(
      '--features <column...>',
      'only these columns (default: all that have no other role); a comma in a name is written \\,',
    )
    .option(
      '--exclude <column...>',
      'columns that are no features, for example what is known only afterwards',
    )
    .option('--id <column>', 'the key of a row, which files of predictions repeat')
    .option('--date <column>', 'orders the rows: the newest test (--validation time)')
    .option('--types <column=type...>', 'number, category or date, where the values do not say it')
    .option(
      '--models <name...>',
      `auto, or of ${[...modelsOf('auto'), ...modelsOf('clustering')].join(', ')} (default: auto)`,
    )
    .option('--metric <name>', `what decides: of ${metricsOf('auto').join(', ')} (default: log_loss, rmse)`)
    .option(
      '--trials <count>',
      `sets of parameters tried for each model (default: ${trainingDefaults.trials})`,
    )
    .option(
      '--parallel <count>',
      `trials that do not wait for each other; part of the result (default: ${trainingDefaults.parallel})`,
    )
    .option(
      '--validation <how>',
      `${validations.join(', ')} (default: 5 folds below 5,000 rows, else 60/20/20)`,
    )
    .option('--folds <count>', 'folds that validate (default: 5)')
    .option(
      '--oot <file...>',
      'later files: the chosen model is evaluated on them, they have no part in the choice',
    )
    .option('--max-features <count>', 'at most so many columns, chosen anew inside every fold')
    .option(
      '--params <model.name=value...>',
      'a parameter as it shall be, or low..high to try: lightgbm.num_leaves=4..64',
    )
    .option('--threshold <rule>', `of two classes: ${thresholds.join(' or ')} (default: half)`)
    .option('--cost <name=value...>', 'falsePositive=1 falseNegative=5: the threshold that costs least')
    .option('--positive <class>', 'of two classes, the one that probabilities are about')
    .option('--seed <number>', `of parts, models and trials (default: ${trainingDefaults.seed})`)
    .option(
      '--path <name>',
      `${paths.join(', ')} (default: native while the rows fit into half of the memory, else tasks of a cluster)`,
    )
    .option(
      '--tasks <count>',
      `distributed path: tasks that share the rows of a fit; part of the result (default: ${trainingDefaults.tasks})`,
    )
    .option('--concurrency <batches>', 'batches under way at a time');
}

/** What the workflow is started with; throws `InvalidInput` in one line, by the guards of the workflow itself. */
export function readTrainOptions(options: TrainOptions): TrainingInput {
  const { dataset, oot, types, params, cost, engine: _e, budget: _b, partitions: _p, ...rest } = options;
  const { json: _j, showTemporal: _s, ...others } = rest;
  const numbers = ['trials', 'parallel', 'folds', 'maxFeatures', 'seed', 'tasks', 'concurrency'] as const;
  const lists = ['features', 'exclude', 'models'] as const;
  const parsed = parseTrainingInput({
    ...others,
    ...Object.fromEntries(numbers.map((name) => [name, numberOf(others[name])])),
    ...Object.fromEntries(lists.map((name) => [name, others[name] && namesOf(others[name])])),
    dataset: placeOf(dataset),
    ...(oot && { oot: oot.map(placeOf) }),
    ...(types && { types: Object.fromEntries(types.map((each) => pairOf('--types', each, 'column=type'))) }),
    ...(params && { params: paramsOf(params) }),
    ...(cost && {
      cost: Object.fromEntries(
        cost.map((each) => {
          const [name, value] = pairOf('--cost', each, 'falsePositive=1');
          return [name, numberOf(value)];
        }),
      ),
    }),
  });
  if (!parsed.ok) throw new Failure('InvalidInput', parsed.message.replace(/^Input of \w+: /, ''));
  return parsed.input;
}

function placeOf(dataset: string): string {
  return /^[\w-]+$/.test(dataset) ? dataset : resolve(dataset);
}

/** The last `=` parts them: names of columns may hold one. */
function pairOf(option: string, text: string, example: string): [string, string] {
  const at = text.lastIndexOf('=');
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new Failure('InvalidInput', `${option} has "${text}", but must be ${example}.`);
}

function paramsOf(given: readonly string[]): Record<string, Record<string, Parameter>> {
  const params = new Map<string, Record<string, Parameter>>();
  for (const text of given) {
    const match = /^(\w+)\.(\w+)=(.+)$/.exec(text);
    if (!match) {
      throw new Failure(
        'InvalidInput',
        `--params has "${text}", but must be model.name=value, for example lightgbm.num_leaves=4..64.`,
      );
    }
    const [, model, name, value] = match as unknown as [string, string, string, string];
    params.set(model, { ...params.get(model), [name]: parameterOf(value) });
  }
  return Object.fromEntries(params);
}

function parameterOf(text: string): Parameter {
  const range = /^(-?[\d.e+-]+)\.\.(-?[\d.e+-]+)$/i.exec(text);
  if (range !== null) return { low: Number(range[1]), high: Number(range[2]) };
  if (text === 'true' || text === 'false') return text === 'true';
  return numberOf(text) as Parameter;
}
