import type { Command } from 'commander';
import { evaluateCommands } from '../kinds/commands.ts';
import type { CommandContext } from './context.ts';

export function register(program: Command, context: CommandContext): void {
  const evaluate = program.command('evaluate').description('hold forecasts against what came');
  for (const add of evaluateCommands) add(evaluate, context);
}
