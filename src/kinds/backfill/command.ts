import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { finishRun } from '../../commands/finish.ts';
import { yesterday } from '../../commands/option-values.ts';
import { addPlacementOptions, placed } from '../../commands/placement-options.ts';
import type { PlacementOptions } from '../../commands/placement-options.ts';
import { withSession } from '../../commands/session.ts';
import { startAndFollow, temporalLine } from '../../commands/start-run.ts';
import type { Start } from '../../commands/start-run.ts';
import type { Config } from '../../config.ts';
import type { Day } from '../../planning/days.ts';
import { backfillPriority } from '../../planning/priorities.ts';
import { withUsualSink } from './forecasts.ts';
import type { AuditInput, BackfillInput, TrainInput } from './input.ts';
import { auditKey, backfillKey, lastDay, trainKey } from './key.ts';
import { addBackfillOptions, addModelOptions, readBackfillOptions } from './options.ts';
import type { BackfillOptions } from './options.ts';

interface RunOptions extends BackfillOptions, PlacementOptions {
  verifyOnly?: boolean;
  json?: boolean;
  showTemporal?: boolean;
}

/** `run backfill` and `run train-models`. */
export function registerForecastRuns(run: Command, context: CommandContext): void {
  withRunOptions(
    addBackfillOptions(
      run
        .command('backfill')
        .description(
          'forecasts of a range of dates as they would have been made on each: train, infer, evaluate, report; ' +
            'what is whole already stays',
        ),
    ).option('--verify-only', 'only look at the rows that are there and give the verdicts'),
  ).action((options: RunOptions) => startRun(context, options, backfillStart(options, context.config)));

  withRunOptions(
    addModelOptions(
      run
        .command('train-models')
        .description('train the models that a backfill of the same options would use'),
    ),
  ).action((options: RunOptions) => startRun(context, options, trainStart(options)));
}

/** Placement, `--json` and `--show-temporal`, as every command that runs something has them. */
export function withRunOptions(command: Command): Command {
  return addPlacementOptions(command)
    .option('--json', 'print one JSON object at the end')
    .option('--show-temporal', 'print the equivalent temporal command instead of running');
}

export async function startRun(
  context: CommandContext,
  options: PlacementOptions & { json?: boolean; showTemporal?: boolean },
  unplaced: Start,
): Promise<void> {
  const start = placed(unplaced, options, context.config);
  if (options.showTemporal) {
    context.out.line(temporalLine(start));
    return;
  }
  const shown = options.json ? undefined : context.out;
  await withSession(context.config, shown, async (session) => {
    const started = await startAndFollow(session, shown, start);
    await finishRun(context, session, started, options.json === true);
  });
}

/** With its end as a day: left out, it is the newest that is over. */
function fixed<Input extends TrainInput>(input: Input): Input & { end: Day } {
  return { ...input, end: lastDay(input.end, yesterday()) };
}

export function backfillStart(options: RunOptions, config: Config): Start {
  const input: BackfillInput = {
    ...withUsualSink(config, fixed(readBackfillOptions(options))),
    ...(options.verifyOnly === true && { verifyOnly: true }),
  };
  return {
    workflow: 'forecastBackfill',
    key: backfillKey(input, yesterday()),
    input,
    priority: backfillPriority,
  };
}

function trainStart(options: RunOptions): Start {
  const { commodity, models, trainFrequency, start, end, calendar, retrain, concurrency } = fixed(
    readBackfillOptions(options),
  );
  const input = {
    commodity,
    models,
    trainFrequency,
    start,
    end,
    calendar,
    retrain,
    concurrency,
  } as TrainInput;
  return {
    workflow: 'trainForecastModels',
    key: trainKey(input, yesterday()),
    input,
    priority: backfillPriority,
  };
}

export function auditStart(options: BackfillOptions, sample: number, config: Config): Start {
  const {
    redo: _redo,
    retrain: _retrain,
    plan: _plan,
    ...input
  } = withUsualSink(config, fixed(readBackfillOptions(options)));
  const audit: AuditInput = { ...input, sample };
  return {
    workflow: 'auditForecasts',
    key: auditKey(audit, yesterday()),
    input: audit,
    priority: backfillPriority,
  };
}
