import type { Command } from 'commander';
import { copyCommands } from '../kinds/commands.ts';
import type { CommandContext } from './context.ts';

export function register(program: Command, context: CommandContext): void {
  const copy = program.command('copy').description('copy results to another place, verified there');
  for (const add of copyCommands) add(copy, context);
}
