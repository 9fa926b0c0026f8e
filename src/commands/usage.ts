import type { Command, CommanderError } from 'commander';
import { Failure } from '../failures.ts';
import { legible } from '../planning/legible.ts';

/** Makes a wrong command line an error like any other, where commander would write by itself and end the process. */
export function throwUsageErrors(program: Command): Command {
  return program.exitOverride().configureOutput({ outputError: () => {} });
}

/** By its code: in a bundle its class may go by another name. */
function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && String((error as Partial<CommanderError>).code).startsWith('commander.');
}

/** Help and version end a command like that too; they have said everything. */
export function hasShownHelp(error: unknown): boolean {
  return isCommanderError(error) && error.exitCode === 0;
}

/** What is wrong with a command line, in one line with where to look; any other error stays what it is. */
export function asUsageFailure(error: unknown, program: Command, words: readonly string[]): unknown {
  if (!isCommanderError(error)) return error;
  const { path, command } = found(program, words);
  const help = `See: npx ${path.join(' ')} --help`;
  // A command that only has others below it shows them; what they take, it does not.
  const asksForObject = error.code === 'commander.unknownOption' && error.message.includes("'--json'");
  if (error.code === 'commander.help' || (asksForObject && command.commands.length > 0)) {
    return new Failure('InvalidInput', `Say which command of ${path.join(' ')} is meant. ${help}`);
  }
  const said = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return new Failure(
    'InvalidInput',
    `${legible(said, 300).replace(/[.)]?$/, (end) => (end === ')' ? ').' : '.'))} ${help}`,
    {
      cause: error,
    },
  );
}

/** The command that was asked for as far as its names are known, and those names. */
function found(program: Command, words: readonly string[]): { path: string[]; command: Command } {
  const path = [program.name()];
  let command = program;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    path.push(word);
    command = next;
  }
  return { path, command };
}
