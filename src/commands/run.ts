import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../failures.ts';
import { parseDailyInput, runKey } from '../planning/daily-input.ts';
import type { DailyInput } from '../planning/daily-input.ts';

import type { CommandContext } from './context.ts';
import { finishRun } from './finish.ts';
import { withSession } from './session.ts';
import { startAndFollow } from './start-run.ts';

interface DailyOptions {
  dataset: string;
  date: string;
  path?: string;
  parity?: boolean;
  force?: boolean;
  forcePhases?: string[];
  json?: boolean;
  showTemporal?: boolean;
}

export function register(program: Command, context: CommandContext): void {
  const run = program.command('run').description('run a pipeline and watch it');
  run
    .command('daily')
    .description('one day of the pool pipeline: prepare, ingest, prefilter, metrics, report')
    .requiredOption('--dataset <name>', 'sample (generated) or files (a folder, with --path)')
    .requiredOption('--date <day>', 'the run date, for example 2026-01-31')
    .option('--path <folder>', 'the folder of a files data set')
    .option('--parity', "follow the original's rules for metrics and grouping, in a data set of its own")
    .option('--force', 'redo every phase')
    .option('--force-phases <phase...>', 'redo these phases and all after them')
    .option('--json', 'print one JSON object at the end')
    .option('--show-temporal', 'print the equivalent temporal command instead of running')
    .action((options: DailyOptions) => runDaily(context, options));
}

export async function runDaily({ config, out }: CommandContext, options: DailyOptions): Promise<void> {
  const input = readOptions(options);
  const key = runKey(input, input.date!);
  if (options.showTemporal) {
    out.line(
      `temporal workflow start --type dailyPipeline --task-queue sevenfold --workflow-id '${key}' --input '${JSON.stringify(input)}'`,
    );
    return;
  }
  const shown = options.json ? undefined : out;
  await withSession(config, shown, async (session) => {
    const started = await startAndFollow(session, shown, key, input);
    await finishRun({ config, out }, session, started.run, { ...started, json: options.json === true });
  });
}

function readOptions(options: DailyOptions): DailyInput {
  const parsed = parseDailyInput({
    dataset: options.dataset,
    date: options.date,
    // The worker may stand in another folder than the person.
    ...(options.path !== undefined && { path: resolve(options.path) }),
    ...(options.parity && { parity: true }),
    ...(options.force && { force: true }),
    ...(options.forcePhases && { forcePhases: options.forcePhases }),
  });
  if (!parsed.ok) throw new Failure('InvalidInput', parsed.message);
  return parsed.input;
}
