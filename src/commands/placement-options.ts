import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { modes, thisMachine } from '../engines/names.ts';
import { Failure } from '../failures.ts';
import { readFields } from '../planning/input.ts';
import { placementGuards } from '../planning/placement-input.ts';
import type { PlacementInput } from '../planning/placement-input.ts';
import type { Start } from './start-run.ts';

/** As the command line gives them. */
export interface PlacementOptions {
  engine?: string;
  budget?: string;
  partitions?: string;
}

/** Where the batches of a run go, and what they may cost: the same for everything that runs batches. */
export function addPlacementOptions(command: Command): Command {
  return command
    .option(
      '--engine <name>',
      `where its batches run: ${modes.join(', ')}; left out: what the environment chooses (docs/configuration.md)`,
    )
    .option('--budget <dollars>', 'pause before its batches would cost more than this')
    .option(
      '--partitions <number>',
      'tasks that a batch is cut into, where its work allows; left out: by the cores that the batch is given',
    );
}

/**
 * The start with what the options say of its placement. What this command's own environment chooses goes with the run:
 * the worker may have been started with another. `InvalidInput` in one line where they make no sense.
 */
export function placed(
  start: Start,
  { engine, budget, partitions }: PlacementOptions,
  { mode, warnings }: Pick<Config, 'mode' | 'warnings'>,
): Start {
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  const read = readFields<PlacementInput>(
    {
      engine: engine ?? (mode === thisMachine ? undefined : mode),
      budgetUsd: numberOr(budget),
      partitions: numberOr(partitions),
    },
    'Options',
    placementGuards,
    [],
  );
  if (!read.ok) {
    const message = read.message.replace('budgetUsd', '--budget').replace('partitions', '--partitions');
    throw new Failure('InvalidInput', message);
  }
  return { ...start, input: { ...start.input, ...read.value } };
}

/** What is no number is left as it was typed, for the refusal to show. */
function numberOr(text: string | undefined): number | string | undefined {
  return text === undefined || Number.isNaN(Number(text)) ? text : Number(text);
}
