import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { namesOf, numberOf } from '../../commands/option-values.ts';
import type { PlacementOptions } from '../../commands/placement-options.ts';
import { Failure } from '../../failures.ts';
import { backfillPriority } from '../../planning/priorities.ts';
import { startRun, withRunOptions } from '../backfill/command.ts';
import { cvDefaults, cvModes, parseCvInput, runTypes, splitters, usualModels } from './input.ts';
import type { CvInput, Value } from './input.ts';
import { cvKey } from './key.ts';
import { withinRanges } from './parameters.ts';

/** As the command line gives them: texts, lists and flags. */
interface CvOptions extends PlacementOptions {
  dataset: string;
  task?: string;
  time?: string;
  event?: string;
  target?: string;
  id?: string;
  date?: string;
  foldColumn?: string;
  features?: string[];
  exclude?: string[];
  categorical?: string[];
  strata?: string[];
  completeRows?: boolean;
  models?: string[];
  params?: string[];
  grid?: string[];
  sets?: string[];
  parity?: boolean;
  folds?: string;
  splitter?: string;
  gap?: string;
  runType?: string;
  mode?: string;
  seed?: string;
  threads?: string;
  horizons?: string[];
  nJobs?: string;
  sparkMaster?: string;
  sparkMemory?: string;
  pandasBelow?: string;
  mpBelow?: string;
  concurrency?: string;
  json?: boolean;
  showTemporal?: boolean;
}

/** `run cv` and `run grid`. */
export function registerCvRuns(run: Command, context: CommandContext): void {
  withRunOptions(
    addCommonOptions(
      run
        .command('cv')
        .description(
          'compare survival models on the same folds: prepare, fit, choose, refit the winner, report; ' +
            'fits that are stored already stay',
        ),
    )
      .option('--time <column>', 'follow-up time (default: survival_months or time)')
      .option(
        '--event <column>',
        '1 where the event was seen, 0 where censored (default: is_terminated or event)',
      )
      .option(
        '--strata <column...>',
        'categorical columns that part the rows into strata (default: all of them)',
      )
      .option(
        '--models <name...>',
        `cox_ph, coxnet, weibull_aft, cox_stratified, gbsa, xgb_cox, lgb_cox, rsf (default: ${usualModels.join(', ')})`,
      )
      .option(
        '--params <model.name=value...>',
        'another parameter than the configured, for example gbsa.trees=20',
      )
      .option('--horizons <time...>', 'times at which Brier score and AUC are given as well'),
  ).action((options: CvOptions) => startRun(context, options, cvStart(options, 'survival')));

  withRunOptions(
    addCommonOptions(
      run
        .command('grid')
        .description(
          'compare LightGBM parameter sets on the same folds: classification or regression; ' +
            'fits that are stored already stay',
        ),
    )
      .option('--target <column>', 'what is to be predicted (default: target)')
      .option('--task <name>', 'classification or regression', 'classification')
      .option(
        '--date <column>',
        'orders the rows of a time series (default: a column of dates, where there is one)',
      )
      .option('--gap <rows>', 'rows left out between training and test of a time series (default: 0)')
      .option(
        '--grid <name=values...>',
        'values of a parameter, for example max_depth=4,6 (default: config/cv/lightgbm.json)',
      )
      .option('--sets <number...>', 'only these sets of the grid, from 1, or ranges such as 1-10')
      .option(
        '--parity',
        'as the original: huber loss, stopped and scored on the test fold (its figures flatter)',
      ),
  ).action((options: CvOptions) => startRun(context, options, cvStart(options, options.task ?? '')));
}

function addCommonOptions(command: Command): Command {
  return command
    .requiredOption('--dataset <file>', 'a Parquet or CSV file, or a name that "sevenfold generate" made')
    .option('--id <column>', 'the key of a row (default: account_entities_key or id)')
    .option(
      '--features <column...>',
      'only these columns (default: all that have no other role); a comma in a name is written \\,',
    )
    .option('--exclude <column...>', 'columns that are no features')
    .option('--categorical <column...>', 'columns whose numbers are names')
    .option('--complete-rows', 'leave out rows with a gap instead of filling it')
    .option('--folds <count>', 'folds (default: 5; 4 for a grid)')
    .option('--splitter <how>', `${splitters.join(', ')} (default: by the data)`)
    .option('--fold-column <column>', 'for splitter given: the number of the fold that tests the row')
    .option('--run-type <name>', `${runTypes.join(', ')} (default: ${cvDefaults.runType})`)
    .option('--seed <number>', `of folds and models (default: ${cvDefaults.seed})`)
    .option('--threads <count>', `of one fit (default: ${cvDefaults.threads})`)
    .option('--mode <how>', `${cvModes.join(', ')} (default: ${cvDefaults.mode}, by the expected work)`)
    .option('--n-jobs <count>', 'fits at a time (default: the cores of the engine)')
    .option('--spark-master <url>', 'spark://host:port, or local[n], for this run alone')
    .option('--spark-memory <size>', 'of each Spark process of this run, for example 4g')
    .option(
      '--pandas-below <seconds>',
      `mode auto: one process below this work (default: ${cvDefaults.pandasBelow})`,
    )
    .option(
      '--mp-below <seconds>',
      `mode auto: where there is a cluster, from this work on it is used (default: ${cvDefaults.mpBelow})`,
    )
    .option('--concurrency <batches>', 'batches under way at a time');
}

function cvStart(options: CvOptions, task: string) {
  const input = readCvOptions(options, task);
  return { workflow: 'crossValidation' as const, key: cvKey(input), input, priority: backfillPriority };
}

/** What the workflow is started with; throws `InvalidInput` in one line, by the guards of the workflow itself. */
function readCvOptions(options: CvOptions, task: string): CvInput {
  const {
    dataset,
    nJobs,
    completeRows,
    parity,
    params,
    grid,
    sets,
    horizons,
    engine: _e,
    budget: _b,
    partitions: _p,
    ...rest
  } = options;
  const { json: _j, showTemporal: _s, ...others } = rest;
  const numbers = ['folds', 'gap', 'seed', 'threads', 'pandasBelow', 'mpBelow', 'concurrency'] as const;
  const parsed = parseCvInput({
    ...others,
    ...Object.fromEntries(numbers.map((name) => [name, numberOf(others[name])])),
    ...Object.fromEntries(
      (['features', 'exclude', 'categorical', 'strata', 'models'] as const).map((name) => [
        name,
        others[name] && namesOf(others[name]),
      ]),
    ),
    dataset: /^[\w-]+$/.test(dataset) ? dataset : resolve(dataset),
    task,
    jobs: numberOf(nJobs),
    horizons: horizons?.flatMap((times) => times.split(',')).map(numberOf),
    sets: sets?.flatMap(rangeOf),
    ...(completeRows && { completeRows }),
    ...(parity && { parity }),
    ...(params && { params: paramsOf(params) }),
    ...(grid && { grid: gridOf(grid) }),
  });
  const checked = parsed.ok ? withinRanges(parsed.input) : parsed;
  if (!checked.ok) {
    throw new Failure(
      'InvalidInput',
      checked.message.replace(/^Input of \w+: /, '').replace(/^jobs /, '--n-jobs '),
    );
  }
  return checked.input;
}

function paramsOf(given: readonly string[]): Record<string, Record<string, Value>> {
  const params = new Map<string, Record<string, Value>>();
  for (const text of given) {
    const match = /^(\w+)\.(\w+)=(.+)$/.exec(text);
    if (!match) refuse(`--params has "${text}", but must be model.name=value, for example gbsa.trees=20.`);
    const [, model, name, value] = match as unknown as [string, string, string, string];
    params.set(model, { ...params.get(model), [name]: valueOf(value) });
  }
  return Object.fromEntries(params);
}

function gridOf(given: readonly string[]): Record<string, Value[]> {
  return Object.fromEntries(
    given.map((text) => {
      const match = /^(\w+)=(.+)$/.exec(text);
      if (!match) refuse(`--grid has "${text}", but must be name=value,value, for example max_depth=4,6.`);
      const [, name, values] = match as unknown as [string, string, string];
      return [name, values.split(',').map(valueOf)];
    }),
  );
}

/** `3` or `1-10`. */
function rangeOf(text: string): unknown[] {
  return text.split(',').flatMap((part): unknown[] => {
    const match = /^(\d+)-(\d+)$/.exec(part);
    if (!match) return [numberOf(part)];
    const [first, last] = [Number(match[1]), Number(match[2])];
    if (last < first || last - first > 10_000) refuse(`--sets has "${part}", which is no range.`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function valueOf(text: string): Value {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  return numberOf(text) as Value;
}

function refuse(message: string): never {
  throw new Failure('InvalidInput', message);
}
