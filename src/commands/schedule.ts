import type { Command } from 'commander';
import { resolveConnections } from '../connections.ts';
import { openDatabase } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import { suggestion } from '../planning/nearest.ts';
import type { CommandContext } from './context.ts';
import { withSession } from './session.ts';
import type { Session } from './session.ts';

const knownToFile = 'the id of a schedule in config/schedules.json';

export function register(program: Command, context: CommandContext): void {
  const schedule = program
    .command('schedule')
    .description('run workflows by the clock: what config/schedules.json says, kept in Temporal');
  schedule
    .command('apply')
    .argument('[ids...]', `${knownToFile}; all when left out`)
    .description('make Temporal’s schedules what the file says; what is right already stays as it is')
    .option('--dry-run', 'only say what would change')
    .option('--prune', 'remove schedules of ours that are no longer in the file')
    .option('--json', 'print one JSON object at the end')
    .action((ids: string[], options: ApplyOptions) => apply(context, ids, options));
  schedule
    .command('list')
    .description('show the schedules: next times, last runs, what is late')
    .option('--json', 'print one JSON object')
    .action((options: { json?: boolean }) => list(context, options.json === true));
  schedule
    .command('pause')
    .argument('<id>', knownToFile)
    .description('start no more runs until it is resumed; what runs goes on')
    .option('--note <text>', 'why')
    .option('--resume', 'the same as: schedule resume')
    .option('--json', 'print one JSON object at the end')
    .action((id: string, options: PauseOptions) => pause(context, id, options));
  schedule
    .command('resume')
    .argument('<id>', knownToFile)
    .description('let a paused schedule start runs again')
    .option('--json', 'print one JSON object at the end')
    .action((id: string, options: PauseOptions) => pause(context, id, { ...options, resume: true }));
  schedule
    .command('delete')
    .argument('<id>', 'the id of a schedule')
    .description('remove a schedule from Temporal; runs that it started go on, and apply brings it back')
    .option('--json', 'print one JSON object at the end')
    .action((id: string, options: { json?: boolean }) => remove(context, id, options.json === true));
  schedule
    .command('check')
    .description('look for runs that did not start or are late; exit code 1 when there is one')
    .option('--json', 'print one JSON object')
    .action((options: { json?: boolean }) => check(context, options.json === true));
}

interface ApplyOptions {
  dryRun?: boolean;
  prune?: boolean;
  json?: boolean;
}

async function apply({ config, out }: CommandContext, ids: string[], options: ApplyOptions): Promise<void> {
  const { chooseEntries, loadSchedules } = await import('../schedules/entries.ts');
  // Read before anything is started: a mistake in the file is reported at once.
  const all = loadSchedules(config);
  const entries = chooseEntries(all, ids);
  await withSession(config, options.json ? undefined : out, async (session) => {
    const { applySchedules, removeSchedule, strayIds } = await import('../schedules/temporal.ts');
    const server = await session.temporal();
    const { database } = session;
    const how = { dryRun: options.dryRun === true, now: new Date() };
    const results = await applySchedules(server, database, entries, how);
    for (const id of ids.length === 0 ? await strayIds(server, database, all) : []) {
      if (options.prune && !how.dryRun) await removeSchedule(server, database, id, how.now);
      results.push({ id, action: options.prune ? 'removed' : 'not in the file' });
    }
    if (options.json) {
      out.json({ status: how.dryRun ? 'dry run' : 'applied', schedules: results });
      return;
    }
    for (const { id, action } of results) {
      const entry = entries.find((one) => one.id === id);
      const hint = action === 'not in the file' ? 'remove it: npx sevenfold schedule apply --prune' : '';
      out.line([id.padEnd(20), action.padEnd(10), entry?.cron, hint].filter(Boolean).join('  ').trimEnd());
    }
    if (results.length === 0) out.line('config/schedules.json has no schedule.');
    if (how.dryRun) out.line('Nothing was changed: this was a dry run.');
  });
}

async function list({ config, out }: CommandContext, json: boolean): Promise<void> {
  const { loadSchedules } = await import('../schedules/entries.ts');
  const entries = loadSchedules(config);
  await withSession(config, json ? undefined : out, async (session) => {
    const { listSchedules } = await import('../schedules/list.ts');
    const { minuteOf } = await import('../schedules/deadlines.ts');
    const schedules = await listSchedules(await session.temporal(), session.database, entries, new Date());
    if (json) {
      out.json({ schedules });
      return;
    }
    for (const one of schedules) {
      out.line(
        [
          one.id.padEnd(20),
          one.state.padEnd(12),
          one.cron,
          one.deadline && `deadline ${one.deadline}`,
          one.note,
        ]
          .filter(Boolean)
          .join('  '),
      );
      if (one.nextTimes.length > 0) out.line(`  next   ${one.nextTimes.map(minuteOf).join(' · ')}`);
      for (const run of one.lastRuns) out.line(`  run    ${run.key}  ${run.status}`);
      for (const alert of one.alerts) out.line(`  ALERT  ${alert.message}`);
    }
    if (schedules.some(({ state }) => state === 'not applied'))
      out.line('Apply them: npx sevenfold schedule apply');
    if (schedules.length === 0) out.line('config/schedules.json has no schedule, and none is applied.');
  });
}

interface PauseOptions {
  note?: string;
  resume?: boolean;
  json?: boolean;
}

async function pause({ config, out }: CommandContext, id: string, options: PauseOptions): Promise<void> {
  await withSession(config, options.json ? undefined : out, async (session) => {
    const { noteOf, pauseSchedule } = await import('../schedules/temporal.ts');
    const spec = await appliedSpec(session, id);
    const paused = options.resume !== true;
    const note = options.note ?? (paused ? 'paused by sevenfold schedule pause' : noteOf(spec));
    await pauseSchedule(await session.temporal(), session.database, id, { paused, note, now: new Date() });
    if (options.json) out.json({ id, status: paused ? 'paused' : 'active' });
    else if (paused) out.line(`${id} is paused. Let it go on: npx sevenfold schedule resume ${id}`);
    else out.line(`${id} goes on.`);
  });
}

/** The entry as it was applied; `InvalidInput` with the nearest id where there is none. */
async function appliedSpec({ database }: Session, id: string) {
  const { readApplied } = await import('../schedules/ledger.ts');
  const applied = (await readApplied(database)).filter(({ removedAt }) => removedAt === null);
  const found = applied.find((row) => row.id === id);
  if (found !== undefined) return found.spec;
  const known = applied.map((row) => row.id);
  const hint = known.length === 0 ? 'None is: npx sevenfold schedule apply' : suggestion(id, known);
  throw new Failure('InvalidInput', `No schedule "${id}" is applied. ${hint}`);
}

async function remove({ config, out }: CommandContext, id: string, json: boolean): Promise<void> {
  await withSession(config, json ? undefined : out, async (session) => {
    const { removeSchedule } = await import('../schedules/temporal.ts');
    if (!(await removeSchedule(await session.temporal(), session.database, id, new Date()))) {
      await appliedSpec(session, id);
    }
    if (json) out.json({ id, status: 'deleted' });
    else out.line(`${id} is deleted; runs that it started go on.`);
  });
}

/** Needs the database and nothing else: neither Temporal nor a stack is started or asked. */
async function check({ config, out }: CommandContext, json: boolean): Promise<void> {
  const { checkDeadlines } = await import('../schedules/check.ts');
  const { slackNotify } = await import('../schedules/notify.ts');
  const { databaseUrl } = await resolveConnections(config);
  const database = openDatabase(databaseUrl, 'sevenfold', 1);
  try {
    const { open, raised, resolved, problems } = await checkDeadlines(
      database,
      new Date(),
      slackNotify(config),
    );
    if (json)
      out.json({ status: open.length === 0 ? 'in time' : 'late', alerts: open, raised, resolved, problems });
    else {
      for (const { message } of open) out.line(message);
      for (const problem of problems) out.line(`An alert could not be sent: ${problem}`);
      if (open.length === 0) out.line('Every scheduled run is in time.');
    }
    if (open.length > 0) process.exitCode = 1;
  } finally {
    await database.end();
  }
}
