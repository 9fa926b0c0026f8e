import type { Command } from 'commander';
import { Failure } from '../failures.ts';
import type { CommandContext } from './context.ts';
import { sendUpdate } from './steer.ts';

export function register(program: Command, context: CommandContext): void {
  program
    .command('resume')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('let a paused run go on')
    .option('--budget <dollars>', 'what it may cost from now on, for a run that waits at its budget')
    .option('--json', 'print one JSON object at the end')
    .action(async (named: string | undefined, options: { budget?: string; json?: boolean }) => {
      const json = options.json === true;
      if (options.budget !== undefined) {
        const budgetUsd = Number(options.budget);
        if (!(budgetUsd > 0)) {
          throw new Failure(
            'InvalidInput',
            `--budget is "${options.budget}", but must be US dollars above 0.`,
          );
        }
        await sendUpdate(context, named, 'setBudget', json, budgetUsd);
      }
      await sendUpdate(context, named, 'resume', json);
    });
}
