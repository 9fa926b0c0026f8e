import type { Command } from 'commander';
import { planCommands } from '../kinds/commands.ts';
import type { CommandContext } from './context.ts';

export function register(program: Command, context: CommandContext): void {
  const plan = program.command('plan').description('say what a run would do, and what it would take');
  for (const add of planCommands) add(plan, context);
}
