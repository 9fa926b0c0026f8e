import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { namesOf, numberOf, rangeOf } from '../../commands/option-values.ts';
import { Failure } from '../../failures.ts';
import { defaults, parseBackfillInput } from './input.ts';
import type { BackfillInput } from './input.ts';
import { isPlaceOfSink, sinkNames } from './planning/sink-names.ts';
import { trainFrequencies } from './planning/training-calendar.ts';

/** As the command line gives them: texts, and flags. */
export interface BackfillOptions {
  commodity: string;
  models: string[];
  start?: string;
  end?: string;
  trainFrequency?: string;
  calendar?: string;
  paths?: string;
  horizon?: string;
  seed?: string;
  draw?: string;
  sink?: string;
  sinkPath?: string;
  chunk?: string;
  concurrency?: string;
  redo?: string;
  retrain?: boolean;
  plan?: string;
}

/** The options of every command about models of a series; what is left out has the default that is named. */
export function addModelOptions(command: Command): Command {
  return command
    .requiredOption('--commodity <name>', 'a series with prices, for example WTI')
    .requiredOption('--models <key...>', 'models to forecast with: naive, random_walk, xgboost, sarimax')
    .option('--start <day>', 'the first forecast date; left out: 1,095 days after the first price')
    .option('--end <day>', 'the last forecast date, or yesterday', 'yesterday')
    .option(
      '--train-frequency <how often>',
      `how often models are trained: ${trainFrequencies.join(', ')} (default: ${defaults.trainFrequency})`,
    )
    .addOption(
      new Option(
        '--calendar <days>',
        `trading (days with a price of their own; default) or calendar (every day)`,
      ),
    )
    .option('--concurrency <batches>', 'batches under way at a time')
    .option('--retrain', 'train every window again');
}

/** What decides, with the model, under which version paths are stored. */
export function addPathOptions(command: Command): Command {
  return command
    .option('--paths <count>', `paths a date (default: ${defaults.paths})`)
    .option('--horizon <days>', `days ahead, 1 to 14 (default: ${defaults.horizon})`)
    .option('--seed <number>', `what the paths are drawn with (default: ${defaults.seed})`)
    .option(
      '--draw <how>',
      `how a path's steps are drawn: bootstrap or gaussian (default: ${defaults.draw})`,
    );
}

/** Those, and the options of every command that is about a backfill. */
export function addBackfillOptions(command: Command): Command {
  return addPathOptions(addModelOptions(command))
    .option(
      '--sink <name>',
      `where the paths go: ${sinkNames.join(' or ')} (default: SEVENFOLD_SINK, else ${sinkNames[0]})`,
    )
    .option(
      '--sink-path <folder>',
      'the folder of a sink that keeps files, or gs://bucket/folder (default: below the object folder)',
    )
    .option('--chunk <dates>', 'dates sent together in one batch: a number or auto', 'auto')
    .option('--redo <which>', 'changed: dates whose prices or model changed since; all: every date')
    .option('--plan <token>', 'refuse to start where the world has changed since that plan');
}

/** What the workflow is started with; throws `InvalidInput` in one line, by the guards of the workflow itself. */
export function readBackfillOptions(options: BackfillOptions): BackfillInput {
  const { commodity, trainFrequency, calendar, draw, redo, plan, sink, sinkPath } = options;
  // "Yesterday" is said as the day it is, so that a start just before midnight means what its caller meant.
  const { from: start, to: end } = rangeOf(['--start', options.start], ['--end', options.end]);
  const parsed = parseBackfillInput({
    commodity,
    models: namesOf(options.models),
    start,
    end,
    trainFrequency,
    calendar,
    draw,
    sink,
    sinkPath: sinkPath === undefined || isPlaceOfSink(sinkPath) ? sinkPath : resolve(sinkPath),
    redo,
    plan,
    paths: numberOf(options.paths),
    horizon: numberOf(options.horizon),
    seed: numberOf(options.seed),
    concurrency: numberOf(options.concurrency),
    chunk: options.chunk === 'auto' ? 'auto' : numberOf(options.chunk),
    ...(options.retrain && { retrain: true }),
  });
  if (!parsed.ok) {
    // Spoken to someone at a command line, to whom the workflow's own name says nothing.
    throw new Failure('InvalidInput', parsed.message.replace(/^Input of \w+: /, ''));
  }
  return parsed.input;
}

/** The options that say the same as an input, for a command line that can be copied. */
export function backfillLine({ models, retrain, plan: _plan, ...others }: BackfillInput): string {
  const named = Object.entries(others).flatMap(([name, value]) =>
    value === undefined || (name === 'chunk' && value === 'auto')
      ? []
      : [`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${quoted(String(value))}`],
  );
  return [...named, `--models ${models.join(' ')}`, ...(retrain ? ['--retrain'] : [])].join(' ');
}

/** As a shell takes it. */
function quoted(value: string): string {
  return /^[\w./:@+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
