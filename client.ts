import { Command } from 'commander';
import { commandTable } from './src/commands/index.ts';
import { createContext } from './src/commands/context.ts';
import { exitCodeOf, reportFailure } from './src/commands/failures.ts';
import { flushed, guardStreams } from './src/commands/streams.ts';
import { asUsageFailure, hasShownHelp, throwUsageErrors } from './src/commands/usage.ts';

/** The sevenfold command line; only dispatches. Loads no more than the command that is asked for: help must be quick. */
guardStreams();
const program = throwUsageErrors(
  new Command('sevenfold')
    .description('Forecasting pipelines on Temporal and Spark that are done only when the rows say so.')
    .version('0.1.0')
    .showSuggestionAfterError(true),
);

let debug = false;
try {
  const asked = process.argv[2];
  for (const { name, summary, hidden, load } of commandTable) {
    if (name === asked) {
      const { register } = await load();
      const context = createContext();
      debug = ['debug', 'trace'].includes(context.config.logLevel);
      register(program, context);
    } else {
      program.command(name, { hidden: hidden ?? false }).description(summary);
    }
  }
  await program.parseAsync();
} catch (error) {
  if (!hasShownHelp(error)) {
    const failure = asUsageFailure(error, program, process.argv.slice(2));
    reportFailure(failure, { json: process.argv.includes('--json'), debug });
    process.exitCode = exitCodeOf(failure);
  }
}
// What is still open (a long poll of Temporal) must not keep a command that has said everything.
await flushed();
process.exit();
