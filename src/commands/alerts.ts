import type { Command } from 'commander';
import { resolveConnections } from '../connections.ts';
import { openDatabase } from '../database/pool.ts';
import type { Database } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import { suggestion } from '../planning/nearest.ts';
import { closeAlerts, openAlerts, readApplied } from '../schedules/ledger.ts';
import type { Alert } from '../schedules/ledger.ts';
import { closeSourceAlerts, openSourceAlerts } from '../sources/alerts.ts';
import type { CommandContext } from './context.ts';
import { dayOf } from './option-values.ts';
import type { Output } from './output.ts';

/**
 * `alerts`: scheduled runs that did not start or are late, as the supervisor or `schedule check` found them, and sources of
 * live data that stay down, as the runs found them.
 */
export function register(program: Command, context: CommandContext): void {
  const alerts = program
    .command('alerts')
    .description('scheduled runs that did not start or are late, sources that stay down: alerts list, close');
  alerts
    .command('list')
    .description('show the alerts that are open, the newest first')
    .option('--json', 'print one JSON object')
    .action((options: { json?: boolean }) => list(context, options.json === true));
  alerts
    .command('close')
    .argument('[schedules...]', 'ids of schedules or names of sources; their open alerts are closed')
    .description('close alerts of runs that nobody will do any more; they are not raised again')
    .option('--all', 'those of all schedules')
    .option('--until <day>', 'only of nominal times up to this day')
    .option('--json', 'print one JSON object at the end')
    .action((schedules: string[], options: CloseOptions) => close(context, schedules, options));
}

interface CloseOptions {
  all?: boolean;
  until?: string;
  json?: boolean;
}

async function list({ config, out }: CommandContext, json: boolean): Promise<void> {
  await withLedger(config, async (database) => {
    const open = await openAlerts(database);
    const sources = await openSourceAlerts(database);
    if (json) {
      out.json({ alerts: open, sources });
      return;
    }
    show(out, [...open, ...sources]);
    if (open.length + sources.length > 0)
      out.line('Close what will not be done: npx sevenfold alerts close <schedule or source>');
    else out.line('No alert is open.');
  });
}

async function close(
  { config, out }: CommandContext,
  schedules: readonly string[],
  { all, until, json }: CloseOptions,
): Promise<void> {
  const lastDay = until === undefined ? undefined : dayOf('--until', until);
  if (schedules.length === 0 && all !== true) {
    throw new Failure(
      'InvalidInput',
      'Say whose alerts are to be closed: ids of schedules, or --all. See: npx sevenfold alerts list',
    );
  }
  if (schedules.length > 0 && all === true) {
    throw new Failure('InvalidInput', '--all means every schedule: give ids, or --all.');
  }
  await withLedger(config, async (database) => {
    await refuseUnknown(database, schedules);
    const closed = await closeAlerts(
      database,
      { ...(all !== true && { schedules }), ...(lastDay && { lastDay }) },
      new Date(),
    );
    const sources = await closeSourceAlerts(
      database,
      { ...(all !== true && { names: schedules }), ...(lastDay && { lastDay }) },
      new Date(),
    );
    if (json) {
      out.json({ status: 'closed', closed, sources });
      return;
    }
    const both = [...closed, ...sources];
    show(out, both);
    out.line(both.length === 0 ? 'No such alert is open.' : `${both.length} closed.`);
  });
}

function show(out: Output, alerts: readonly Pick<Alert, 'message'>[]): void {
  for (const { message } of alerts) out.line(message);
}

/** A misspelt schedule has no alerts, and whoever wanted to close them would believe that it has none. */
async function refuseUnknown(database: Database, schedules: readonly string[]): Promise<void> {
  if (schedules.length === 0) return;
  const known = new Set([
    ...(await readApplied(database)).map(({ id }) => id),
    ...(await openAlerts(database)).map(({ scheduleId }) => scheduleId),
    ...(await openSourceAlerts(database)).map(({ source }) => source),
  ]);
  const unknown = schedules.find((id) => !known.has(id));
  if (unknown === undefined) return;
  const hint = known.size === 0 ? 'None was applied yet.' : suggestion(unknown, [...known]);
  throw new Failure('InvalidInput', `There is no schedule "${unknown}". ${hint}`);
}

/** Needs the database and nothing else: neither Temporal nor a stack is started or asked. */
async function withLedger(
  config: CommandContext['config'],
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const { databaseUrl } = await resolveConnections(config);
  const database = openDatabase(databaseUrl, 'sevenfold', 1);
  try {
    await work(database);
  } finally {
    await database.end();
  }
}
