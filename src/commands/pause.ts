import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { sendUpdate } from './steer.ts';

export function register(program: Command, context: CommandContext): void {
  program
    .command('pause')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('hold a run before its next phase; what is running is finished first')
    .option('--json', 'print one JSON object at the end')
    .action((named: string | undefined, options: { json?: boolean }) =>
      sendUpdate(context, named, 'pause', options.json === true),
    );
}
