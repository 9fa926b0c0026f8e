import path from 'node:path';
import type { Command } from 'commander';
import { usesEmbeddedStack } from '../connections.ts';
import { Failure } from '../failures.ts';
import { settledJvm, troubleOf } from '../stack/spark.ts';
import { ensureUp } from '../stack/stack.ts';
import type { Stack } from '../stack/stack.ts';
import type { CommandContext } from './context.ts';
import { seconds } from './output.ts';

async function up({ config, out }: CommandContext, json: boolean): Promise<void> {
  if (!usesEmbeddedStack(config)) {
    throw new Failure(
      'InvalidInput',
      'DATABASE_URL or TEMPORAL_ADDRESS names a stack that is not ours to start: unset them for the embedded one',
    );
  }
  const began = new Date();
  const stack = await ensureUp(config, (line) => (json ? undefined : out.line(line)));
  const health = await settledJvm(stack.sparkSocket);
  const trouble = health === undefined ? null : troubleOf(health);
  if (json) {
    const parts = stack.parts.map((part) => (part.name === 'spark' ? { ...part, trouble } : part));
    out.json({ ...stack, parts });
    return;
  }
  out.line(upLine(stack, seconds(began)));
  // What needs no Spark works without, so the stack counts as up.
  if (trouble !== null)
    out.line(`spark: ${trouble} (log: ${path.join(config.stateFolder, 'logs', 'jvm.log')})`);
}

function upLine(stack: Stack, took: string): string {
  return `up in ${took} · Temporal ${stack.temporalAddress} · UI ${stack.temporalUi} · shell: eval "$(npx sevenfold env)"`;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command('up')
    .description('start the embedded stack, or bring it to the code of this checkout')
    .option('--json', 'print one JSON object at the end')
    .action((options: { json?: boolean }) => up(context, options.json === true));
}
