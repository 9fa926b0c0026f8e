import { isTerminal } from '../engines/engine.ts';
import type { BatchObservation, Engine } from '../engines/engine.ts';
import { engineNamed, NotConfigured } from '../engines/index.ts';
import { classify } from '../failures.ts';
import { endSessions, noteTrouble, openBatches, recordObservation } from '../ledger/batches.ts';
import type { SentBatch } from '../ledger/batches.ts';
import { raiseFences } from '../ledger/units.ts';
import { freeCost } from '../planning/cost.ts';
import type { Cost } from '../planning/cost.ts';
import type { Resources } from '../planning/executors.ts';
import type { Dependencies } from './dependencies.ts';
import { engineHolding } from './place-batch.ts';

/** What ending a batch needs. */
export type Ending = Pick<Dependencies, 'database' | 'engines' | 'config'>;

/** How it ended, with what it cost. */
export async function recordEnd(
  { database, config }: Pick<Dependencies, 'database' | 'config'>,
  engine: string,
  resources: Resources,
  seen: BatchObservation,
): Promise<void> {
  await recordObservation(database, seen, costOfEnd(config, engine, resources, seen));
}

function costOfEnd(
  config: Dependencies['config'],
  engineName: string,
  resources: Resources,
  { usage, remote }: BatchObservation,
): Cost | undefined {
  const engine = engineNamed(config, engineName);
  const billed = engine.bill?.(remote, usage?.seconds ?? 0, config);
  return billed ?? (usage && engine.price(resources, usage.seconds, config));
}

/**
 * Ends batches that must not write any more: their processes, then their database sessions. A batch that its engine does
 * not know is closed here: its attempt is over, so nobody will send it. Safe to repeat.
 */
export async function endBatches(deps: Ending, batches: readonly SentBatch[]): Promise<void> {
  for (const batch of batches) await endOrClose(deps, batch);
  await endSessions(deps.database, batches);
}

/** Notes that a batch may still run where it was sent. */
async function leave({ database }: Ending, { batchId }: SentBatch, error: unknown): Promise<void> {
  const { message } = classify(error);
  const advice = 'If it still runs there, end it later: sevenfold batches sweep --cancel';
  await noteTrouble(database, batchId, `It could not be ended. ${message} ${advice}`);
}

async function endOrClose(deps: Ending, batch: SentBatch): Promise<void> {
  if (await endBatch(deps, batch)) return;
  // What never ran cost nothing: its estimate must not be held against the budget.
  const neverRan = {
    batchId: batch.batchId,
    state: 'CANCELLED' as const,
    labels: {},
    message: 'Cancelled before it started.',
  };
  await recordObservation(deps.database, neverRan, freeCost({ cores: 0, gb: 0, seconds: 0 }));
}

/** Ends a batch where it runs and records how it ended; false where its engine does not know it as this run's. */
export async function endBatch(deps: Ending, batch: SentBatch): Promise<boolean> {
  const { batchId, runId, state, resources } = batch;
  let engine: Engine;
  try {
    engine = await engineHolding(deps.engines, batch);
  } catch (error) {
    // Its engine said that it had ended: nothing can be left of it but its database sessions.
    if (isTerminal(state)) return true;
    throw error;
  }
  const seen = await engine.look(batchId);
  // A batch of that id that is not this run's is left alone: ours was refused for it.
  const ended = seen?.labels['run-id'] === runId ? await engine.cancel(batchId) : undefined;
  if (ended) await recordEnd(deps, batch.engine, resources, ended);
  return ended !== undefined;
}

/** A cancel waits for an engine that is away this many times, then it leaves the batch to the sweep. */
export const cancelPatience = 3;

/**
 * Ends what a cancelled run still has running and answers when it is gone. The fences go up first, so that a batch that
 * is just about to commit cannot: one whose engine cannot be asked may run on, but writes nothing, and the sweep ends it.
 * Safe to repeat: ended batches are left as they are.
 */
export async function cancelBatches(
  deps: Ending & { log: Pick<Dependencies['log'], 'warn'> },
  input: { runId: string },
  /** Which try this is. */
  attempt = 1,
): Promise<{ cancelled: number }> {
  const { database, log } = deps;
  await raiseFences(database, input.runId);
  const open = await openBatches(database, input.runId);
  for (const batch of open) {
    try {
      await endOrClose(deps, batch);
    } catch (error) {
      if (attempt < cancelPatience && !(error instanceof NotConfigured)) throw error;
      log.warn({ batchId: batch.batchId, err: error }, 'a batch could not be ended');
      await leave(deps, batch, error);
    }
  }
  await endSessions(database, open);
  return { cancelled: open.length };
}
