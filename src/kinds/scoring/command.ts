import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import type { PlacementOptions } from '../../commands/placement-options.ts';
import { Failure } from '../../failures.ts';
import { backfillPriority } from '../../planning/priorities.ts';
import { startRun, withRunOptions } from '../backfill/command.ts';
import { formats, parseScoringInput } from './input.ts';
import { scoringKey } from './key.ts';

interface ScoreOptions extends PlacementOptions {
  model: string;
  dataset: string;
  output?: string;
  format?: string;
  id?: string;
  json?: boolean;
  showTemporal?: boolean;
}

/** `score`. */
export function register(program: Command, context: CommandContext): void {
  withRunOptions(
    program
      .command('score')
      .description('apply a trained model to a file, or to every file of a folder that it has not scored yet')
      .requiredOption('--model <id>', 'as run train ends with it, or models list shows it')
      .requiredOption('--dataset <file>', 'a CSV or Parquet file, or a folder of them')
      .option('--output <folder>', 'where the predictions go (default: below the state folder)')
      .option('--format <name>', `${formats.join(' or ')} (default: parquet)`)
      .option('--id <column>', "the column that tells rows apart (default: the row's number in its file)"),
  ).action((options: ScoreOptions) => {
    const { model, dataset, output, format, id } = options;
    const parsed = parseScoringInput({
      model,
      dataset: resolve(dataset),
      output: output && resolve(output),
      format,
      id,
    });
    if (!parsed.ok) throw new Failure('InvalidInput', parsed.message.replace(/^Input of \w+: /, ''));
    return startRun(context, options, {
      workflow: 'scoreRows',
      key: scoringKey(parsed.input),
      input: parsed.input,
      priority: backfillPriority,
    });
  });
}
