import type { Command } from 'commander';
import { resolveConnections, usesEmbeddedStack } from '../connections.ts';
import { withoutPassword } from '../database/migrate.ts';
import { openDatabase } from '../database/pool.ts';
import { isOpenStatus, listRuns } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import { isOpenInTemporal } from '../open-in-temporal.ts';
import { openAlerts } from '../schedules/ledger.ts';
import type { Alert } from '../schedules/ledger.ts';
import { openSourceAlerts } from '../sources/alerts.ts';
import type { SourceAlert } from '../sources/alerts.ts';
import { stackStatus } from '../stack/stack.ts';
import { waitingWorkflows } from '../waiting-workflows.ts';
import type { WaitingWorkflow } from '../waiting-workflows.ts';
import { askTemporal } from './ask-temporal.ts';
import type { CommandContext } from './context.ts';

type Status = NonNullable<ReturnType<typeof stackStatus>>;

const alertsShown = 3;
const waitingShown = 3;

interface Known {
  runs: Run[];
  alerts: (Alert | SourceAlert)[];
  /** Keys of runs that are open in the ledger although their workflow is gone. */
  leftOpen: Set<string>;
  /** Workflows that were started where nobody takes them up. */
  waiting: WaitingWorkflow[];
}

const nothing = (): Known => ({ runs: [], alerts: [], leftOpen: new Set(), waiting: [] });

/** The newest runs, and what is late; empty if the database does not answer. */
async function askLedger({ config }: CommandContext): Promise<Known> {
  try {
    const database = openDatabase((await resolveConnections(config)).databaseUrl, 'sevenfold', 1);
    try {
      const runs = await listRuns(database, 5);
      const open = runs.filter(({ status }) => isOpenStatus(status));
      const alerts = [...(await openAlerts(database)), ...(await openSourceAlerts(database))];
      return { runs, alerts, ...(await askAboutWorkflows(config, open)) };
    } finally {
      await database.end();
    }
  } catch {
    return nothing();
  }
}

/** Empty if Temporal does not answer: then it is not known. */
async function askAboutWorkflows(
  config: CommandContext['config'],
  runs: readonly Run[],
): Promise<Pick<Known, 'leftOpen' | 'waiting'>> {
  const answer = await askTemporal(config, async (client) => {
    const leftOpen = new Set<string>();
    for (const run of runs) {
      if (!(await isOpenInTemporal(client, run))) leftOpen.add(run.key);
    }
    return { leftOpen, waiting: await waitingWorkflows(client) };
  });
  return answer ?? { leftOpen: new Set(), waiting: [] };
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
    const more = [
      part.trouble == null || part.pid === null ? [] : `trouble: ${part.trouble}`,
      part.lastError === null ? [] : `last error: ${part.lastError}`,
    ].flat();
    return [line, ...more.map((text) => `${' '.repeat(12)}${text}`)];
  });
}

async function status(context: CommandContext, json: boolean): Promise<void> {
  const { config, out } = context;
  const found = stackStatus(config.stateFolder);
  if (!usesEmbeddedStack(config))
    out.line('DATABASE_URL or TEMPORAL_ADDRESS is set: commands use those, not the stack below');
  if (found === undefined) {
    if (json) out.json({ state: 'none', parts: [], alerts: [] });
    else out.line('no stack is set up here; start it with: npx sevenfold up');
    process.exitCode = 1;
    return;
  }
  const { supervised, ...stack } = found;
  const whole =
    supervised && stack.parts.every((part) => part.state === 'running' && (part.trouble ?? null) === null);
  const down = !supervised && stack.parts.every((part) => part.pid === null);
  const state = whole ? 'up' : down ? 'down' : 'partly up';
  const postgresRuns = stack.parts.some((part) => part.name === 'postgres' && part.pid !== null);
  const known = postgresRuns ? await askLedger(context) : nothing();
  if (json) {
    const runs = known.runs.map(({ key, status, statement, workflowId }) => ({
      ...{ key, status, statement, workflowId },
      leftOpen: known.leftOpen.has(key),
    }));
    out.json({ state, ...stack, alerts: known.alerts, waiting: known.waiting, runs });
  } else {
    const supervisor = supervised ? `pid ${stack.supervisor?.pid ?? ''}` : 'not running';
    out.line(`stack ${state} · supervisor ${supervisor} · ${config.stateFolder}`);
    partLines(found).forEach((line) => out.line(line));
    out.line(`database ${withoutPassword(stack.databaseUrl)} · Temporal UI ${stack.temporalUi}`);
    for (const { message } of known.alerts.slice(0, alertsShown)) out.line(`ALERT ${message}`);
    const more = known.alerts.length - alertsShown;
    if (more > 0) out.line(`ALERT and ${more} more: npx sevenfold schedule check`);
    for (const { line } of known.waiting.slice(0, waitingShown)) out.line(`WAITS ${line}`);
    for (const run of known.runs) {
      const status = known.leftOpen.has(run.key)
        ? `${run.status}, but its workflow is gone: npx sevenfold retry ${run.key}`
        : run.status;
      out.line([run.key.padEnd(32), status, run.statement ?? ''].filter(Boolean).join('  '));
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
