import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../../commands/context.ts';
import { describeRun } from '../../commands/finish.ts';
import { count, seconds } from '../../commands/output.ts';
import type { Output } from '../../commands/output.ts';
import { addPlacementOptions, placed } from '../../commands/placement-options.ts';
import type { PlacementOptions } from '../../commands/placement-options.ts';
import { withSession } from '../../commands/session.ts';
import { startAndFollow, temporalLine } from '../../commands/start-run.ts';
import type { Start } from '../../commands/start-run.ts';
import type { Database } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';
import { backfillPriority } from '../../planning/priorities.ts';
import { importKey, parseImportInput } from './input.ts';
import type { ImportInput } from './input.ts';

interface ImportOptions extends PlacementOptions {
  sample?: boolean;
  commodities?: string[];
  replace?: boolean;
  json?: boolean;
  showTemporal?: boolean;
}

/** What the job did to one series (spark/sevenfold_jobs/price_import). */
export interface ImportedSeries {
  rows: number;
  new: number;
  versions: number;
  revised: number;
  unchanged: number;
  tradingDays: number;
  kept: number;
  firstDate: string;
  lastDate: string;
}

interface Imported {
  series: Record<string, ImportedSeries>;
  warnings: string[];
  warningsInAll: number;
}

const warningsShown = 10;

export function register(program: Command, context: CommandContext): void {
  const prices = program.command('import').description('bring data into the database').command('prices');
  addPlacementOptions(prices)
    .argument('[path]', 'a folder with unified_daily.parquet or prices_daily.csv, or one CSV or Parquet file')
    .description(
      'check every row of daily prices and store what is new or has changed: all of it, or nothing ' +
        '(format: docs/prices.md)',
    )
    .option('--sample', 'the generated series SAMPLE instead of a path')
    .option('--commodities <name...>', 'only these of the path')
    .option(
      '--replace',
      'drop what is stored of these series and is not in the path; without it such rows stay',
    )
    .option('--json', 'print one JSON object at the end')
    .option('--show-temporal', 'print the equivalent temporal command instead of running')
    .action((path: string | undefined, options: ImportOptions) => importPrices(context, path, options));
}

async function importPrices(
  context: CommandContext,
  path: string | undefined,
  options: ImportOptions,
): Promise<void> {
  const { config, out } = context;
  const input = readOptions(path, options);
  const unplaced: Start = {
    workflow: 'importPrices',
    key: importKey(input),
    input,
    priority: backfillPriority,
  };
  const start = placed(unplaced, options, config);
  if (options.showTemporal) {
    out.line(temporalLine(start));
    return;
  }
  const shown = options.json ? undefined : out;
  await withSession(config, shown, async (session) => {
    const started = await startAndFollow(session, shown, start);
    const { record, lines } = await describeRun(context, session, started);
    if (record.status !== 'complete') {
      process.exitCode = 1;
      if (options.json) out.json(record);
      else for (const line of lines) out.line(line);
      return;
    }
    const imported = await readImported(session.database, started.run.runId);
    if (options.json) {
      out.json({ ...record, commodities: imported.series, warnings: imported.warnings });
      return;
    }
    const { claimedAt, finishedAt } = started.run;
    out.line(`${start.key} · complete in ${seconds(claimedAt, finishedAt ?? new Date())}`);
    show(out, start.key, imported);
  });
}

function readOptions(path: string | undefined, options: ImportOptions): ImportInput {
  const { sample, commodities, replace } = options;
  if (path === undefined && !sample) {
    throw new Failure(
      'InvalidInput',
      'Say what to import: import prices <folder or file>, or import prices --sample.',
    );
  }
  const parsed = parseImportInput({
    // The worker may stand in another folder than the person.
    ...(path !== undefined && { path: resolve(path) }),
    ...(sample && { sample }),
    ...(commodities && { commodities }),
    ...(replace && { replace }),
  });
  if (!parsed.ok) throw new Failure('InvalidInput', parsed.message);
  if (parsed.input.path !== undefined && !existsSync(parsed.input.path)) {
    throw new Failure('InvalidInput', `There is no file or folder ${parsed.input.path}: check the path.`);
  }
  return parsed.input;
}

async function readImported(database: Database, runId: string): Promise<Imported> {
  const { rows } = await database.query<{ detail: Imported }>(
    `select detail from units where run_id = $1 and unit = 'import'`,
    [runId],
  );
  return rows[0]!.detail;
}

function show(out: Output, key: string, { series, warnings, warningsInAll }: Imported): void {
  for (const line of table(series)) out.line(line);
  const changed = Object.values(series).some((each) => each.new + each.versions + each.revised > 0);
  if (!changed) out.line('Nothing has changed: every row was stored already.');
  for (const warning of warnings.slice(0, warningsShown)) out.line(`! ${warning}`);
  if (warningsInAll > warningsShown) {
    out.line(`! and ${count(warningsInAll - warningsShown)} more: npx sevenfold logs ${key}`);
  }
}

/** Columns as wide as their widest value, names to the left and numbers to the right. */
export function table(series: Record<string, ImportedSeries>): string[] {
  const rows = [
    ['series', 'first', 'last', 'rows', 'trading days', 'new', 'versions', 'revised', 'unchanged', 'kept'],
    ...Object.entries(series).map(([name, each]) => [
      name,
      each.firstDate,
      each.lastDate,
      ...[each.rows, each.tradingDays, each.new, each.versions, each.revised, each.unchanged, each.kept].map(
        count,
      ),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
