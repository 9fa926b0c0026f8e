import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { resolveConnections } from '../connections.ts';
import type { Database } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import type { Pruned } from '../retention/tables.ts';
import { count } from './output.ts';
import { withSession } from './session.ts';

interface PruneOptions {
  dataset?: string;
  series?: string;
  dryRun?: boolean;
  json?: boolean;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command('prune')
    .description('remove what config/retention.json no longer keeps; the portfolio’s books always stay')
    .option(
      '--dataset <name>',
      'instead: remove this data set of pools and all that was made of it, its books too',
    )
    .option('--series <name>', 'instead: remove this price series with its models, forecasts and runs')
    .option('--dry-run', 'only say what would go')
    .option('--json', 'print one JSON object at the end')
    .action((options: PruneOptions) => prune(context, options));
}

/** What is to go: one data set, one series, or what has become old. */
async function prune({ config, out }: CommandContext, options: PruneOptions): Promise<void> {
  const { dataset, series, dryRun = false, json = false } = options;
  if (dataset !== undefined && series !== undefined)
    throw new Failure('InvalidInput', '--dataset and --series are two things: give one of them at a time.');
  const remove = async (database: Database): Promise<Pruned[]> => {
    const { dropFromDeltaTables, pruneDeltaTables } = await import('../retention/delta.ts');
    const { databaseUrl } = await resolveConnections(config);
    const place = { config, databaseUrl };
    const { dropDataset, dropSeries } = await import('../retention/drop.ts');
    if (dataset !== undefined) return dropDataset(database, dataset, dryRun);
    if (series !== undefined) {
      return dropSeries(database, config, series, dryRun, (client) =>
        dropFromDeltaTables(client, place, series, dryRun),
      );
    }
    const { loadRetention } = await import('../retention/policy.ts');
    const policy = loadRetention(config.checkout);
    const { pruneStaging, pruneTables } = await import('../retention/tables.ts');
    const { pruneFolders } = await import('../retention/folders.ts');
    const now = new Date();
    return [
      ...(await pruneFolders(database, config, policy, now, dryRun)),
      ...(await pruneStaging(database, dryRun)),
      ...(await pruneTables(database, policy, now, dryRun)),
      ...(await pruneDeltaTables(database, place, dryRun)),
    ];
  };
  await withSession(config, json ? undefined : out, async ({ database }) => {
    const pruned = await remove(database);
    if (json) {
      out.json({ status: dryRun ? 'dry run' : 'pruned', pruned });
      return;
    }
    for (const { what, rows, bytes, oldest, newest } of pruned) {
      const days = oldest === null ? '' : `${oldest} to ${newest}`;
      out.line(
        `${what.padEnd(36)} ${count(rows).padStart(12)}  ${count(bytes).padStart(15)} bytes  ${days}`.trimEnd(),
      );
    }
    if (pruned.length === 0) out.line('Nothing is old enough to go.');
    else if (dryRun) out.line('Nothing was removed: this was a dry run.');
  });
}
