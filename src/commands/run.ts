import type { Command } from 'commander';
import { runCommands } from '../kinds/commands.ts';
import type { CommandContext } from './context.ts';

export function register(program: Command, context: CommandContext): void {
  const run = program.command('run').description('run a pipeline and watch it');
  for (const add of runCommands) add(run, context);
}
