import type { Command } from 'commander';
import { resolveConnections, usesEmbeddedStack } from '../connections.ts';
import { withoutPassword } from '../database/migrate.ts';
import { openDatabase } from '../database/pool.ts';
import { listRuns } from '../ledger/runs.ts';
import { stackStatus } from '../stack/stack.ts';
import type { CommandContext } from './context.ts';

type Status = NonNullable<ReturnType<typeof stackStatus>>;

/** The newest runs; none where the database cannot be asked. */
async function newestRuns(
  { config }: CommandContext,
  limit: number,
): Promise<Awaited<ReturnType<typeof listRuns>>> {
  try {
    const database = openDatabase((await resolveConnections(config)).databaseUrl, 'sevenfold', 1);
    try {
      return await listRuns(database, limit);
    } finally {
      await database.end();
    }
  } catch {
    return [];
  }
}

function partLines(status: Status): string[] {
  return status.parts.flatMap((part) => {
    const fields = [
      part.name.padEnd(10),
      part.state.padEnd(10),
      part.pid === null ? '' : `pid ${part.pid}`,
      part.address ?? '',
      part.since === null || part.pid === null ? '' : `since ${part.since.slice(0, 19)}Z`,
      part.restarts > 0 ? `restarted ${part.restarts}×` : '',
    ];
    const line = fields.filter(Boolean).join('  ').trimEnd();
    return part.lastError === null ? [line] : [line, `${' '.repeat(12)}last error: ${part.lastError}`];
  });
}

async function status(context: CommandContext, json: boolean): Promise<void> {
  const { config, out } = context;
  const found = stackStatus(config.stateFolder);
  if (!usesEmbeddedStack(config))
    out.line('DATABASE_URL or TEMPORAL_ADDRESS is set: commands use those, not the stack below');
  if (found === undefined) {
    if (json) out.json({ state: 'none', parts: [] });
    else out.line('no stack is set up here; start it with: npx sevenfold up');
    process.exitCode = 1;
    return;
  }
  const { supervised, ...stack } = found;
  const whole = supervised && stack.parts.every((part) => part.state === 'running');
  const down = !supervised && stack.parts.every((part) => part.pid === null);
  const state = whole ? 'up' : down ? 'down' : 'partly up';
  if (json) {
    out.json({ state, ...stack });
  } else {
    const supervisor = supervised ? `pid ${stack.supervisor?.pid ?? ''}` : 'not running';
    out.line(`stack ${state} · supervisor ${supervisor} · ${config.stateFolder}`);
    partLines(found).forEach((line) => out.line(line));
    out.line(`database ${withoutPassword(stack.databaseUrl)} · Temporal UI ${stack.temporalUi}`);
    for (const run of whole ? await newestRuns(context, 5) : []) {
      out.line([run.key.padEnd(32), run.status, run.statement ?? ''].filter(Boolean).join('  '));
    }
    if (!whole) out.line(down ? 'start it with: npx sevenfold up' : 'bring it back with: npx sevenfold up');
  }
  if (!whole) process.exitCode = 1;
}

export function register(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('show the stack and the newest runs; exit code 0 when every part runs')
    .option('--json', 'print one JSON object')
    .action((options: { json?: boolean }) => status(context, options.json === true));
}
