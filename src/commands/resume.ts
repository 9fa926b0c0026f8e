import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { sendUpdate } from './steer.ts';

export function register(program: Command, context: CommandContext): void {
  program
    .command('resume')
    .argument('[run]', 'key or workflow id; the newest run when left out')
    .description('let a paused run go on')
    .option('--json', 'print one JSON object at the end')
    .action((named: string | undefined, options: { json?: boolean }) =>
      sendUpdate(context, named, 'resume', options.json === true),
    );
}
