import type { Command } from 'commander';
import { runDaily } from '../kinds/daily/command.ts';
import type { CommandContext } from './context.ts';

/** What `npm start` does once everything is installed: the only place that falls back on sample data by itself. */
export function register(program: Command, context: CommandContext): void {
  program
    .command('start', { hidden: true })
    .description('start the stack and run today on sample data')
    .action(() => runDaily(context, { dataset: 'sample', date: 'today' }));
}
