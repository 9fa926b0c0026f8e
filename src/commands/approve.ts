import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { deciding } from './option-values.ts';
import { sendUpdate } from './steer.ts';

export function register(program: Command, context: CommandContext): void {
  program
    .command('approve')
    .argument('<run>', 'key or workflow id of a run that waits for a decision')
    .description(
      'approve the transactions that a day proposes; they are carried out by hand, nothing is sent',
    )
    .option('--by <name>', 'who decides, as it stands on record; the name of this user when left out')
    .option('--json', 'print one JSON object at the end')
    .action((named: string, { by, json }: { by?: string; json?: boolean }) =>
      sendUpdate(context, named, 'approve', json === true, deciding(by)),
    );
}
