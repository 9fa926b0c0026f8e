import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Sweep } from '../activities/sweep-batches.ts';
import { taskQueues } from '../config.ts';
import { resolveConnections } from '../connections.ts';
import type { Database } from '../database/pool.ts';
import { isTerminal } from '../engines/engine.ts';
import { findEngine } from '../engines/index.ts';
import { readLog } from '../engines/logs.ts';
import { Failure } from '../failures.ts';
import { exportRecord, findBatchRecord, listBatchRecords, newestBatchIds } from '../ledger/batch-record.ts';
import type { BatchRecord } from '../ledger/batch-record.ts';
import { endSessions, recordObservation } from '../ledger/batches.ts';
import { isOpenStatus } from '../ledger/runs.ts';
import { nearest, suggestion } from '../planning/nearest.ts';
import { showBatch, usd } from './batch-lines.ts';
import type { CommandContext } from './context.ts';
import { seconds } from './output.ts';
import { chooseRun, withSession } from './session.ts';
import { writeTable } from './table.ts';

export function register(program: Command, context: CommandContext): void {
  const batches = program
    .command('batches')
    .description('what was handed to an engine: batches list, show, logs, cancel, sweep');
  batches
    .command('list')
    .description('show the newest batches')
    .option('--run <run>', 'only of this run: its key or workflow id')
    .option('--state <state>', `only in this state: ${[...states, 'open'].join(', ')}`)
    .option('--engine <name>', `only on this engine: ${Object.keys(context.config.engines).join(', ')}`)
    .option('--limit <count>', 'at most so many', '20')
    .option('--json', 'print one JSON object: the tracking records')
    .action((options: ListOptions) => list(context, options));
  batches
    .command('show')
    .argument('<id>', 'the id of a batch')
    .description('show everything that is known of a batch: states, resources, cost, where its log is')
    .option('--json', 'print its tracking record as one JSON object')
    .action((id: string, options: JsonOption) => show(context, id, options));
  batches
    .command('logs')
    .argument('<id>', 'the id of a batch')
    .description('show what a batch wrote, wherever it runs')
    .option('--json', 'print one JSON object: where the log is')
    .action((id: string, options: JsonOption) => logs(context, id, options));
  batches
    .command('cancel')
    .argument('<id>', 'the id of a batch')
    .description('end one batch and answer when it is gone; its run goes on and may try again')
    .option(
      '--lost',
      'its engine cannot be asked any more: note that it is gone, and end only what it holds of the database',
    )
    .option('--json', 'print one JSON object at the end')
    .action((id: string, options: JsonOption & { lost?: boolean }) => cancel(context, id, options));
  batches
    .command('sweep')
    .description(
      'find batches on all engines that no open run owns: of a run that was terminated, for example',
    )
    .option('--cancel', 'end them as well')
    .option('--json', 'print one JSON object')
    .action((options: JsonOption & { cancel?: boolean }) => sweep(context, options));
}

interface JsonOption {
  json?: boolean;
}

interface ListOptions extends JsonOption {
  run?: string;
  state?: string;
  engine?: string;
  limit: string;
}

const openStates = ['SUBMITTING', 'SUBMITTED', 'PENDING', 'RUNNING', 'CANCELLING'];
const states = [...openStates, 'SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT'];
const mostListed = 10_000;

/** By the workflow, as the schedule does it: only a worker has the engines. */
async function sweep(
  { config, out }: CommandContext,
  { cancel, json }: JsonOption & { cancel?: boolean },
): Promise<void> {
  await withSession(config, json ? undefined : out, async (session) => {
    const client = await session.temporal();
    const handle = await client.workflow.start('sweepBatches', {
      workflowId: `sweep-${randomUUID()}`,
      taskQueue: taskQueues.main,
      args: [{ mode: cancel ? 'cancel' : 'report' }],
    });
    let found: Sweep;
    try {
      found = (await handle.result()) as Sweep;
    } catch (error) {
      // Orphans that are left fail the workflow; what it found comes with the failure.
      const details = ((error as { cause?: { details?: unknown[] } }).cause?.details ?? [])[0];
      if (details === undefined) throw error;
      found = details as Sweep;
      process.exitCode = 1;
    }
    if (json) out.json(found);
    else out.line(found.statement);
  });
}

async function list({ config, out }: CommandContext, options: ListOptions): Promise<void> {
  const limit = limitOf(options.limit);
  const filter = {
    limit,
    ...(options.state !== undefined && { states: statesOf(options.state) }),
    ...(options.engine !== undefined && {
      engine: oneOf('engine', options.engine, Object.keys(config.engines)),
    }),
  };
  await withSession(config, options.json ? undefined : out, async ({ database }) => {
    const run = options.run === undefined ? undefined : await chooseRun(database, options.run);
    const found = await listBatchRecords(database, { ...filter, ...(run && { runId: run.runId }) });
    if (options.json) {
      out.json({ batches: found.map((batch) => exportRecord(batch, config)) });
      return;
    }
    if (found.length === 0) {
      out.line('There is no such batch.');
      return;
    }
    writeTable(
      out,
      ['batch', 'unit', 'attempt', 'engine', 'state', 'time', 'expected $', 'cost $', 'run'],
      found.map((batch) => [
        batch.batchId,
        batch.unit,
        String(batch.attempt),
        batch.fallbackFrom === null ? batch.engine : `${batch.engine} (not ${batch.fallbackFrom})`,
        batch.state,
        batch.startedAt === null ? '-' : seconds(batch.startedAt, batch.finishedAt ?? undefined),
        batch.costEstimate === null ? '-' : usd(batch.costEstimate.usd),
        batch.costActual === null ? '-' : usd(batch.costActual.usd),
        batch.runKey,
      ]),
    );
    if (found.length === limit) out.line(`The newest ${limit}; more with --limit.`);
  });
}

async function show({ config, out }: CommandContext, id: string, options: JsonOption): Promise<void> {
  await withSession(config, options.json ? undefined : out, async ({ database }) => {
    const batch = await chooseBatch(database, id);
    if (options.json) out.json(exportRecord(batch, config));
    else showBatch(out, config, batch);
  });
}

async function logs({ config, out }: CommandContext, id: string, options: JsonOption): Promise<void> {
  await withSession(config, options.json ? undefined : out, async ({ database }) => {
    const batch = await chooseBatch(database, id);
    const log = await readLog(config, batch);
    if (options.json) {
      const { batchId, engine, state } = batch;
      out.json({ batchId, engine, state, log: log?.place ?? null, kept: log?.text !== undefined });
      return;
    }
    const title = findEngine(config, batch.engine)?.definition.title ?? `Engine ${batch.engine}`;
    out.line(`── ${log?.place ?? `${title} has not said yet where it writes`}`);
    out.line(log?.text?.trimEnd() ?? '(no log is kept of it)');
  });
}

/**
 * Ends the batch on its engine and what it holds of the database. No fence goes up: to its run it is a batch that was
 * cancelled.
 */
async function cancel(
  { config, out }: CommandContext,
  id: string,
  options: JsonOption & { lost?: boolean },
): Promise<void> {
  await withSession(config, options.json ? undefined : out, async ({ database }) => {
    const batch = await chooseBatch(database, id);
    if (isTerminal(batch.state)) {
      throw new Failure('InvalidInput', `${id} has ended: it is ${batch.state}.`);
    }
    if (options.lost) await noteLost(database, batch);
    else await endOnEngine(config, database, batch);
    await endSessions(database, [batch]);
    const { state, stateMessage } = await afterwards(database, id);
    if (options.json) out.json({ batchId: id, state, run: batch.runKey });
    else {
      out.line(`${id} is ${state}${stateMessage === null ? '' : `: ${stateMessage}`}`);
      if (isOpenStatus(batch.runStatus)) {
        out.line(`Its run goes on and may try again. End it: npx sevenfold cancel ${batch.runKey}`);
      }
    }
    // One that ended by itself before the cancel reached it was not cancelled.
    if (state !== 'CANCELLED') process.exitCode = 1;
  });
}

async function endOnEngine(
  config: CommandContext['config'],
  database: Database,
  batch: BatchRecord,
): Promise<void> {
  const { sparkSocket } = await resolveConnections(config);
  const { createEngines } = await import('../engines/choose.ts');
  const { endBatch } = await import('../activities/end-batches.ts');
  const engines = createEngines({ config, sparkSocket, log: { warn() {}, info() {} } });
  try {
    await endBatch({ database, engines, config }, { ...batch, resources: batch.resources! });
  } finally {
    await engines.close();
  }
}

/** A person knows that nothing runs there any more, and no engine can say so. */
async function noteLost(database: Database, { batchId, engine }: BatchRecord): Promise<void> {
  await recordObservation(database, {
    batchId,
    state: 'CANCELLED',
    errorType: 'Cancelled',
    labels: {},
    message: `Given up by hand: engine ${engine} could not be asked any more.`,
  });
}

/** The batch after its end. One that its engine never heard of, and whose run is over, will never be sent. */
async function afterwards(database: Database, id: string): Promise<BatchRecord> {
  const batch = await chooseBatch(database, id);
  if (isTerminal(batch.state)) return batch;
  if (isOpenStatus(batch.runStatus)) {
    throw new Failure(
      'Infrastructure',
      `${id} is ${batch.state}, but engine ${batch.engine} does not know it here: it was not sent yet, or by another machine. End its run: npx sevenfold cancel ${batch.runKey}`,
    );
  }
  await recordObservation(database, {
    batchId: id,
    state: 'CANCELLED',
    errorType: 'Cancelled',
    labels: {},
    message: `Cancelled; engine ${batch.engine} does not know it.`,
  });
  return chooseBatch(database, id);
}

/** The batch that a person means; `InvalidInput` with those that are near where there is none. */
async function chooseBatch(database: Database, id: string): Promise<BatchRecord> {
  const found = await findBatchRecord(database, id);
  if (found) return found;
  const known = await newestBatchIds(database, 1_000);
  const parts = known.filter((each) => id.length >= 3 && each.includes(id));
  const guesses =
    parts.length > 0 ? parts.slice(0, 3) : [nearest(id, known)].filter((each) => each !== undefined);
  const hint =
    guesses.length > 0
      ? `Did you mean ${guesses.map((each) => `"${each}"`).join(' or ')}?`
      : known.length === 0
        ? 'None was sent yet.'
        : `The newest: ${known.slice(0, 3).join(', ')}. All: npx sevenfold batches list`;
  throw new Failure('InvalidInput', `There is no batch "${id}". ${hint}`);
}

function statesOf(text: string): readonly string[] {
  const state = text.trim().toUpperCase().replaceAll('-', '_');
  return state === 'OPEN' ? openStates : [oneOf('state', state, states)];
}

function oneOf<T extends string>(what: string, text: string, known: readonly T[]): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new Failure('InvalidInput', `--${what} is "${text}". ${suggestion(text, known)}`);
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= mostListed) return limit;
  throw new Failure(
    'InvalidInput',
    `--limit is "${text}", but must be a whole number from 1 to ${mostListed}.`,
  );
}
