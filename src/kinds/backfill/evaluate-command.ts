import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { rangeOf } from '../../commands/option-values.ts';
import { count } from '../../commands/output.ts';
import type { Output } from '../../commands/output.ts';
import { withSession } from '../../commands/session.ts';
import { writeTable } from '../../commands/table.ts';
import type { Database } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';
import { suggestion } from '../../planning/nearest.ts';
import { readForecastScores } from './scores.ts';
import type { ForecastScore, ScoreFilter } from './scores.ts';

interface ForecastOptions {
  commodity: string;
  models?: string[];
  start?: string;
  end?: string;
  json?: boolean;
}

export function registerForecasts(evaluate: Command, context: CommandContext): void {
  evaluate
    .command('forecasts')
    .description(
      'what the forecasts of a backfill were worth, by model and horizon, with their skill against ' +
        '"stays where it is": the scores that its run stored last',
    )
    .requiredOption('--commodity <name>', 'a series with forecasts, for example WTI')
    .option('--models <version...>', 'model versions; left out: all that were evaluated')
    .option(
      '--start <day>',
      'the first date of the range that was evaluated; left out: the newest evaluation',
    )
    .option('--end <day>', 'the last date of that range')
    .option('--json', 'print one JSON object')
    .action((options: ForecastOptions) => evaluateForecasts(context, options));
}

async function evaluateForecasts({ config, out }: CommandContext, options: ForecastOptions): Promise<void> {
  const filter = readOptions(options);
  await withSession(config, options.json ? undefined : out, async ({ database }) => {
    const scores = await readForecastScores(database, filter);
    if (scores.length === 0) throw await nothingStored(database, filter);
    const found = new Set(scores.map(({ modelVersion }) => modelVersion));
    const without = (filter.modelVersions ?? []).filter((version) => !found.has(version));
    if (options.json) {
      out.json({ commodity: filter.commodity, scores, without });
      return;
    }
    showScores(out, filter.commodity, scores);
    if (without.length > 0) out.line(`Not evaluated: ${without.join(', ')}. ${howTo(filter, without)}`);
  });
}

function readOptions({ commodity, models, ...range }: ForecastOptions): ScoreFilter {
  const { from: start, to: end } = rangeOf(['--start', range.start], ['--end', range.end]);
  return {
    commodity: commodity.toUpperCase(),
    ...(models !== undefined && { modelVersions: models.flatMap((names) => names.split(',')) }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
  };
}

/** Nothing fits: says what there is, and what to run. */
async function nothingStored(database: Database, filter: ScoreFilter): Promise<Failure> {
  const stored = await database.query<{ commodity: string; ranges: string }>(
    `select commodity, string_agg(distinct start_date || '..' || end_date, ', ') as ranges
       from forecast_evaluation group by commodity order by commodity`,
  );
  const own = stored.rows.find(({ commodity }) => commodity === filter.commodity);
  const others = stored.rows.map(({ commodity }) => commodity);
  const there =
    own !== undefined
      ? `Evaluated ranges of ${filter.commodity}: ${own.ranges}.`
      : others.length > 0
        ? suggestion(filter.commodity, others)
        : '';
  const models = filter.modelVersions ?? ['naive', 'xgboost'];
  return new Failure(
    'InvalidInput',
    ['No such forecasts have been evaluated.', there, howTo(filter, models)].filter(Boolean).join(' '),
  );
}

/** A run of the same dates evaluates them at its end, also when they are all there. */
function howTo({ commodity, start, end }: ScoreFilter, versions: readonly string[]): string {
  const range = [...(start ? [`--start ${start}`] : []), ...(end ? [`--end ${end}`] : [])];
  const keys = [...new Set(versions.map((version) => version.split('@')[0]!))];
  return `Run: ${['npx sevenfold run backfill', `--commodity ${commodity}`, `--models ${keys.join(' ')}`, ...range].join(' ')}`;
}

function showScores(out: Output, commodity: string, scores: readonly ForecastScore[]): void {
  const ranges = [...new Set(scores.map(({ start, end }) => `${start}..${end}`))];
  for (const [index, range] of ranges.entries()) {
    if (index > 0) out.line('');
    const within = scores.filter(({ start, end }) => `${start}..${end}` === range);
    out.line(`${commodity} ${range}, evaluated ${within[0]!.evaluatedAt.toISOString().slice(0, 16)}Z`);
    writeTable(out, head, within.map(rowOf));
    for (const { modelVersion, horizon } of within.filter(({ maeAlert }) => maeAlert)) {
      out.line(`ALERT the newest errors of ${modelVersion} over ${horizon} days lie far above their history`);
    }
  }
  out.line(
    'skill: above 0 is better than "stays where it is" (MAE) and than the naive paths (CRPS); DM p: Diebold-Mariano on the last day.',
  );
}

const head = [
  ...['model', 'days', 'forecasts', 'MAE', 'RMSE', 'CRPS', 'cover 80', 'cover 95', 'calibration'],
  ...['direction', 'skill MAE', 'skill CRPS', 'DM p'],
];

function rowOf(score: ForecastScore): string[] {
  return [
    score.modelVersion,
    String(score.horizon),
    count(score.forecasts),
    fixed(score.mae, 3),
    fixed(score.rmse, 3),
    fixed(score.crps, 3),
    fixed(score.coverage80, 3),
    fixed(score.coverage95, 3),
    fixed(score.calibrationScore, 3),
    score.directionalAccuracyFromDay0 === null ? '-' : `${score.directionalAccuracyFromDay0.toFixed(1)} %`,
    skill(score.skillMae),
    skill(score.skillCrps),
    fixed(score.dmP, 3),
  ];
}

function fixed(value: number | null, decimals: number): string {
  return value === null ? '-' : value.toFixed(decimals);
}

function skill(value: number | null): string {
  return value === null ? '-' : `${value >= 0 ? '+' : ''}${(100 * value).toFixed(2)} %`;
}
