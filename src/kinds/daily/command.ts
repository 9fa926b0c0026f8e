import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { describeRun, finishRun } from '../../commands/finish.ts';
import type { EndedRun } from '../../commands/finish.ts';
import { pastDayOf, rangeOf } from '../../commands/option-values.ts';
import { addPlacementOptions, placed } from '../../commands/placement-options.ts';
import type { PlacementOptions } from '../../commands/placement-options.ts';
import { withSession } from '../../commands/session.ts';
import { startAndFollow, temporalLine } from '../../commands/start-run.ts';
import type { Start } from '../../commands/start-run.ts';
import { Failure } from '../../failures.ts';
import { addDays } from '../../planning/days.ts';
import type { Day } from '../../planning/days.ts';
import { dailyPriority } from '../../planning/priorities.ts';
import { parseDailyInput, runKey } from './input.ts';
import type { DailyInput } from './input.ts';

interface DailyOptions extends PlacementOptions {
  dataset: string;
  date?: string;
  from?: string;
  to?: string;
  path?: string;
  parity?: boolean;
  portfolio?: string;
  approval?: boolean;
  force?: boolean;
  forcePhases?: string[];
  json?: boolean;
  showTemporal?: boolean;
}

/** `run daily`. */
export function registerDailyRuns(run: Command, context: CommandContext): void {
  addPlacementOptions(
    run
      .command('daily')
      .description(
        'the pool pipeline for one day, or day by day from --from to --to: ' +
          'prepare, ingest, prefilter, metrics, forecast, filter, allocate, report',
      ),
  )
    .requiredOption('--dataset <name>', 'sample (generated), files (a folder, with --path) or live (fetched)')
    .option('--date <day>', 'the run date: 2026-01-31, today or yesterday')
    .option('--from <day>', 'the first of several run dates; they run in order, a repeated call resumes')
    .option('--to <day>', 'the last of several run dates')
    .option('--path <folder>', 'the folder of a files data set')
    .option('--parity', "follow the original's rules for metrics and grouping, in a data set of its own")
    .option(
      '--portfolio <name>',
      'paper (our own books) or onchain (what SEVENFOLD_WALLETS hold; live alone)',
    )
    .option('--approval', 'wait until somebody approves or rejects the transactions (portfolio onchain)')
    .option('--force', 'redo every phase')
    .option('--force-phases <phase...>', 'redo these phases and all after them')
    .option('--json', 'print one JSON object at the end')
    .option('--show-temporal', 'print the equivalent temporal command instead of running')
    .action((options: DailyOptions) => runDaily(context, options));
}

export async function runDaily(context: CommandContext, options: DailyOptions): Promise<void> {
  const { config, out } = context;
  const starts = daysOf(options).map((date) => placed(startOf(options, date), options, config));
  if (options.showTemporal) {
    for (const start of starts) out.line(temporalLine(start));
    return;
  }
  const shown = options.json ? undefined : out;
  await withSession(config, shown, async (session) => {
    if (options.from === undefined) {
      const started = await startAndFollow(session, shown, starts[0]!);
      await finishRun(context, session, started, options.json === true);
      return;
    }
    const ended: EndedRun[] = [];
    for (const start of starts) {
      shown?.line(start.key);
      const started = await startAndFollow(session, shown, start);
      ended.push(await describeRun(context, session, started));
      for (const line of ended.at(-1)!.lines) shown?.line(line);
      // A day begins with what the day before ended with: nothing after a day that is missing.
      if (started.run.status !== 'complete') break;
    }
    finishDays(context, options, starts, ended);
  });
}

function finishDays(
  { out }: CommandContext,
  options: DailyOptions,
  starts: readonly Start[],
  ended: readonly EndedRun[],
): void {
  const complete = ended.filter(({ record }) => record.status === 'complete').length;
  const last = ended.at(-1)!;
  if (complete < starts.length) process.exitCode = 1;
  if (options.json) {
    out.json({
      ...last.record,
      status: complete === starts.length ? 'complete' : complete > 0 ? 'partial' : last.record.status,
      days: { due: starts.length, complete, from: options.from, to: options.to },
      runs: ended.map(({ record }) => record),
    });
    return;
  }
  out.line(`${complete} of ${starts.length} days are complete, ${options.from} to ${options.to}.`);
  if (complete < starts.length) {
    out.line(
      `It stopped at ${last.record.key}. See: npx sevenfold why ${last.record.key} · then the same call again.`,
    );
  }
}

/** The run dates that were asked for, in order. */
function daysOf({ date, from, to }: DailyOptions): (Day | undefined)[] {
  if (from === undefined && to === undefined) {
    if (date === undefined)
      throw new Failure('InvalidInput', 'Say which day: --date <day>, or --from <day> --to <day>.');
    return [pastDayOf('--date', date)];
  }
  if (date !== undefined)
    throw new Failure(
      'InvalidInput',
      '--date is one day, --from and --to are several: give one or the other.',
    );
  if (from === undefined || to === undefined) {
    throw new Failure('InvalidInput', '--from and --to belong together: give both.');
  }
  const range = rangeOf(['--from', from], ['--to', to]);
  const last = pastDayOf('--to', to);
  const days: Day[] = [];
  for (let each = range.from!; each <= last; each = addDays(each, 1)) days.push(each);
  return days;
}

function startOf(options: DailyOptions, date: Day | undefined): Start {
  const input = readOptions(options, date);
  return { workflow: 'dailyPipeline', key: runKey(input, input.date!), input, priority: dailyPriority };
}

function readOptions(options: DailyOptions, date: Day | undefined): DailyInput {
  const parsed = parseDailyInput({
    dataset: options.dataset,
    date,
    // The worker may stand in another folder than the person.
    ...(options.path !== undefined && { path: resolve(options.path) }),
    ...(options.parity && { parity: true }),
    ...(options.portfolio !== undefined && { portfolio: options.portfolio }),
    ...(options.approval && { approval: true }),
    ...(options.force && { force: true }),
    ...(options.forcePhases && { forcePhases: options.forcePhases }),
  });
  if (!parsed.ok) throw new Failure('InvalidInput', parsed.message);
  return parsed.input;
}
