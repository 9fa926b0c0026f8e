import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { deciding } from './option-values.ts';
import { sendUpdate } from './steer.ts';

export function register(program: Command, context: CommandContext): void {
  program
    .command('reject')
    .argument('<run>', 'key or workflow id of a run that waits for a decision')
    .description('reject the transactions that a day proposes, with a reason')
    .requiredOption('--reason <text>', 'why; it stands on record and on the page')
    .option('--by <name>', 'who decides, as it stands on record; the name of this user when left out')
    .option('--json', 'print one JSON object at the end')
    .action((named: string, { by, reason, json }: { by?: string; reason: string; json?: boolean }) =>
      sendUpdate(context, named, 'reject', json === true, { reason, ...deciding(by) }),
    );
}
