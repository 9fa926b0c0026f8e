import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { describeRun } from '../../commands/finish.ts';
import { numberOf, pastDayOf } from '../../commands/option-values.ts';
import type { Output } from '../../commands/output.ts';
import { addPlacementOptions, placed } from '../../commands/placement-options.ts';
import type { PlacementOptions } from '../../commands/placement-options.ts';
import { withSession } from '../../commands/session.ts';
import type { Session } from '../../commands/session.ts';
import { startAndFollow, temporalLine } from '../../commands/start-run.ts';
import type { Start } from '../../commands/start-run.ts';
import { Failure } from '../../failures.ts';
import { listRuns } from '../../ledger/runs.ts';
import { evaluationPriority } from '../../planning/priorities.ts';
import { readEvaluation } from './errors.ts';
import type { Evaluation } from './errors.ts';
import { evaluationKey, parseEvaluationInput } from './input.ts';
import type { EvaluationInput } from './input.ts';

interface EvaluateOptions extends PlacementOptions {
  days: string;
  dataset?: string;
  path?: string;
  date?: string;
  force?: boolean;
  json?: boolean;
  showTemporal?: boolean;
}

/** `evaluate pools`. */
export function registerPoolEvaluation(evaluate: Command, context: CommandContext): void {
  addPlacementOptions(
    evaluate
      .command('pools')
      .description(
        'walk forward over the last days, refitting each as its own run would have, ' +
          'and hold the forecast against persistence and the 7-day mean',
      ),
  )
    .option('--days <count>', 'how many days, ending the day before the run date', '30')
    .option('--dataset <name>', 'sample, files or live; left out: that of the newest daily run')
    .option('--path <folder>', 'the folder of a files data set')
    .option(
      '--date <day>',
      'the run date: 2026-01-31, today or yesterday; left out: that of the newest daily run',
    )
    .option('--force', 'evaluate every day again')
    .option('--json', 'print one JSON object at the end')
    .option('--show-temporal', 'print the equivalent temporal command instead of running')
    .action((options: EvaluateOptions) => evaluatePools(context, options));
}

async function evaluatePools(context: CommandContext, options: EvaluateOptions): Promise<void> {
  const { config, out } = context;
  const shown = options.json ? undefined : out;
  const date = options.date === undefined ? undefined : pastDayOf('--date', options.date);
  await withSession(config, shown, async (session) => {
    const input = await readOptions(session, { ...options, ...(date !== undefined && { date }) });
    const unplaced: Start = {
      workflow: 'evaluatePools',
      key: evaluationKey(input, input.date!),
      input,
      priority: evaluationPriority,
    };
    const start = placed(unplaced, options, config);
    if (options.showTemporal) {
      out.line(temporalLine(start));
      return;
    }
    shown?.line(start.key);
    const started = await startAndFollow(session, shown, start);
    const { record, lines } = await describeRun(context, session, started);
    const evaluation = await readEvaluation(session.database, started.run.runId);
    if (record.status !== 'complete') process.exitCode = 1;
    if (options.json) {
      out.json({ ...record, ...evaluation });
      return;
    }
    for (const line of lines) out.line(line);
    show(out, evaluation);
  });
}

async function readOptions(session: Session, options: EvaluateOptions): Promise<EvaluationInput> {
  const named = { dataset: options.dataset, path: options.path && resolve(options.path), date: options.date };
  const newest =
    named.dataset === undefined || named.date === undefined
      ? (await listRuns(session.database, 1_000)).find(
          ({ kind, input }) =>
            kind === 'dailyPipeline' &&
            input['parity'] !== true &&
            (named.dataset === undefined || input['dataset'] === named.dataset) &&
            (named.path === undefined || input['path'] === named.path),
        )
      : undefined;
  const source =
    named.dataset === undefined
      ? { dataset: newest?.input['dataset'], path: named.path ?? newest?.input['path'] }
      : { dataset: named.dataset, path: named.path };
  const date = named.date ?? newest?.date;
  if (source.dataset === undefined || date === undefined || date === null) {
    throw new Failure(
      'InvalidInput',
      'There is no daily run to take data set and date from: give --dataset (with --path for files) and --date.',
    );
  }
  const parsed = parseEvaluationInput({
    dataset: source.dataset,
    ...(source.path !== undefined && { path: source.path }),
    date,
    days: numberOf(options.days),
    ...(options.force && { force: true }),
  });
  if (!parsed.ok) throw new Failure('InvalidInput', parsed.message);
  return parsed.input;
}

function show(out: Output, { populations }: Evaluation): void {
  for (const each of populations) {
    out.line(
      `${each.population.padEnd(8)} MAE ${each.maeModel.toFixed(4)} · persistence ${each.maePersistence.toFixed(4)}` +
        ` · 7-day mean ${each.maeMean7d.toFixed(4)} · ${each.ratio.toFixed(3)} of persistence` +
        ` · 80 % band holds ${(100 * each.coverage80).toFixed(1)} % · ${each.days} days, ${each.forecasts} forecasts`,
    );
  }
}
