import type { Command } from 'commander';
import { Failure } from '../failures.ts';
import { views } from '../exports/views.ts';
import type { View } from '../exports/views.ts';
import type { ExportedPaths } from '../kinds/backfill/export-paths.ts';
import { suggestion } from '../planning/nearest.ts';
import type { CommandContext } from './context.ts';
import { rangeOf } from './option-values.ts';
import { count } from './output.ts';
import { withSession } from './session.ts';

interface ExportOptions extends ExportedPaths {
  to?: string;
  list?: boolean;
  dataset?: string;
  from?: string;
  toDate?: string;
  force?: boolean;
  json?: boolean;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command('export')
    .argument('[view]', 'what to write; --list names them')
    .description('write results to a CSV or Parquet file, which appears whole or not at all')
    .option('--to <file>', 'a file that ends in .csv or .parquet')
    .option('--list', 'say which views there are')
    .option('--dataset <key>', 'only this data set: sample, files/<folder>; all when left out')
    .option('--from <day>', 'only this day and later: 2026-01-31, today or yesterday')
    .option('--to-date <day>', 'only this day and earlier')
    .option('--commodity <name>', 'paths: of which series')
    .option('--models <version...>', 'paths: only these model versions')
    .option('--sink <name>', 'paths: where they lie (default: SEVENFOLD_SINK, else postgres)')
    .option('--sink-path <folder>', 'paths: the folder of a sink that keeps files')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print one JSON object at the end')
    .action((named: string | undefined, options: ExportOptions) => exportCommand(context, named, options));
}

async function exportCommand(
  { config, out }: CommandContext,
  named: string | undefined,
  options: ExportOptions,
): Promise<void> {
  if (options.list) {
    const listed = [...views, pathsView].map(({ name, description, day }) => ({
      name,
      description,
      byDay: day !== null,
    }));
    if (options.json) out.json({ views: listed });
    else listed.forEach(({ name, description }) => out.line(`${name.padEnd(20)} ${description}`));
    return;
  }
  const view = named === pathsView.name ? pathsView : chooseView(named);
  refuseOptions(view, options);
  const file = options.to;
  if (file === undefined)
    throw new Failure('InvalidInput', 'Say where it goes: --to <file>.csv or --to <file>.parquet');
  const [{ exportView, formatOf }, { exportPaths }] = await Promise.all([
    import('../exports/write.ts'),
    import('../kinds/backfill/export-paths.ts'),
  ]);
  formatOf(file);
  const { from, to } = rangeOf(['--from', options.from], ['--to-date', options.toDate]);
  const [{ locateToolchain }, { resolveConnections }] = await Promise.all([
    import('../stack/toolchain.ts'),
    import('../connections.ts'),
  ]);
  await withSession(config, options.json ? undefined : out, async ({ database }) => {
    await refuseUnknownDataset(database, options.dataset);
    const { databaseUrl } = await resolveConnections(config);
    const target = { file, force: options.force === true };
    const place = {
      python: locateToolchain(config.stateFolder).python,
      checkout: config.checkout,
      databaseUrl,
    };
    const say = ({ rows }: { rows: number }) =>
      options.json || out.live([`  ${view.name}: ${count(rows)} rows`]);
    const written =
      'sql' in view
        ? await exportView({ ...target, view, dataset: options.dataset, from, to }, place, say)
        : await exportPaths({ database, config }, { ...options, from, to, ...target }, place, say);
    if (options.json) out.json({ status: 'complete', view: view.name, file, ...written });
    else out.line(`${file} · ${count(written.rows)} rows of ${view.name} · ${count(written.bytes)} bytes`);
  });
}

/** The one view that no statement can give: its rows may lie in files. */
const pathsView = {
  name: 'paths',
  description: 'paths of forecasts, a row each, from either sink; --commodity says of which series',
  day: 'date',
} as const;

function refuseOptions(view: View | typeof pathsView, options: ExportOptions): void {
  const ofPaths = Object.entries({
    '--commodity': options.commodity,
    '--models': options.models,
    '--sink': options.sink,
    '--sink-path': options.sinkPath,
  });
  const given = ofPaths.find(([, value]) => value !== undefined)?.[0];
  if (view.name !== pathsView.name && given !== undefined)
    throw new Failure('InvalidInput', `${given} is for the view paths: leave it out of ${view.name}.`);
  if (view.name === pathsView.name && options.dataset !== undefined)
    throw new Failure('InvalidInput', '--dataset is for pools: say --commodity <name> for paths.');
  if (view.name === pathsView.name && options.commodity === undefined)
    throw new Failure('InvalidInput', 'Say of which series the paths are: --commodity <name>');
}

function chooseView(named: string | undefined): View {
  const names = [...views, pathsView].map(({ name }) => name);
  if (named === undefined) throw new Failure('InvalidInput', `Say what to write: ${names.join(', ')}.`);
  const view = views.find(({ name }) => name === named);
  if (view === undefined)
    throw new Failure('InvalidInput', `There is no view "${named}". ${suggestion(named, names)}`);
  return view;
}

/** A misspelt data set would make an empty file, and nobody would see why. */
async function refuseUnknownDataset(
  database: { query: (sql: string) => Promise<{ rows: unknown[] }> },
  dataset: string | undefined,
): Promise<void> {
  if (dataset === undefined) return;
  const { rows } = await database.query('select dataset from datasets order by dataset');
  const known = (rows as { dataset: string }[]).map((row) => row.dataset);
  if (known.includes(dataset)) return;
  const hint = known.length === 0 ? 'There is none yet.' : suggestion(dataset, known);
  throw new Failure('InvalidInput', `There is no data set "${dataset}". ${hint}`);
}
