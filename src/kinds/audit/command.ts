import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { Failure } from '../../failures.ts';
import { auditStart, startRun, withRunOptions } from '../backfill/command.ts';
import { addBackfillOptions } from '../backfill/options.ts';
import type { BackfillOptions } from '../backfill/options.ts';

export function register(program: Command, context: CommandContext): void {
  withRunOptions(
    addBackfillOptions(
      program
        .command('audit')
        .description(
          'make a share of the finished forecasts again and compare the bytes with the stored ones',
        ),
    ).option('--sample <percent>', 'how many of the dates, for example 1% or 100%', '1%'),
  ).action((options: BackfillOptions & { sample: string; json?: boolean; showTemporal?: boolean }) =>
    startRun(context, options, auditStart(options, shareOf(options.sample), context.config)),
  );
}

function shareOf(text: string): number {
  const share = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : NaN;
  if (share > 0 && share <= 1) return share;
  throw new Failure('InvalidInput', `--sample is "${text}", but must be a percentage such as 1% or 100%.`);
}
