import { costOf } from './batch-plan.ts';
import type { Dependencies } from './dependencies.ts';
import { reach } from './place-batch.ts';
import { isTerminal } from '../engines/engine.ts';
import type { BatchObservation, BatchState, Engine, EngineName } from '../engines/engine.ts';
import { endSessions, findBatch, openBatches, recordObservation } from '../ledger/batches.ts';
import type { SentBatch } from '../ledger/batches.ts';
import { raiseFences } from '../ledger/units.ts';
import { actualCost, freeCost } from '../planning/cost.ts';
import type { Cost } from '../planning/cost.ts';
import type { Resources } from '../planning/executors.ts';

/** What ending a batch needs of the world. */
export type Ending = Pick<Dependencies, 'database' | 'engines' | 'config'>;

/** How it ended, with what it cost. */
export async function recordEnd(
  { database, config }: Pick<Dependencies, 'database' | 'config'>,
  engine: EngineName,
  resources: Resources,
  seen: BatchObservation,
): Promise<void> {
  await recordObservation(database, seen, costOfEnd(config, engine, resources, seen));
}

function costOfEnd(
  config: Dependencies['config'],
  engine: EngineName,
  resources: Resources,
  { usage, remote }: BatchObservation,
): Cost | undefined {
  const metered = remote?.approximateUsage;
  if (engine === 'dataproc' && metered) return actualCost(metered, config.rates, usage?.seconds ?? 0);
  return usage && costOf(config, engine, resources, usage.seconds);
}

/**
 * Ends batches that must not write any more: their processes, then their database sessions. What an engine never heard of
 * is closed here: its attempt is over, so nobody will send it. Safe to repeat.
 */
export async function endBatches(deps: Ending, batches: readonly SentBatch[]): Promise<void> {
  for (const batch of batches) {
    if (await endBatch(deps, batch)) continue;
    // What never ran cost nothing: its estimate must not be held against the budget.
    const neverRan = {
      batchId: batch.batchId,
      state: 'CANCELLED' as const,
      labels: {},
      message: 'Cancelled before it started.',
    };
    await recordObservation(deps.database, neverRan, freeCost({ cores: 0, gb: 0, seconds: 0 }));
  }
  await endSessions(deps.database, batches);
}

/** Ends a batch where it runs and records how it ended; false where its engine does not know it as this run's. */
export async function endBatch(
  deps: Ending,
  { batchId, runId, engine: name, resources }: SentBatch,
): Promise<boolean> {
  let engine: Engine;
  try {
    engine = await reach(deps.engines, batchId, name, resources.master);
  } catch (error) {
    // Its engine said that it had ended: nothing can be left of it but its database sessions.
    const noted = await findBatch(deps.database, batchId);
    if (noted !== undefined && isTerminal(noted.state as BatchState)) return true;
    throw error;
  }
  const seen = await engine.look(batchId);
  // One of its name that is not this run's is left alone: ours was refused for it.
  const ended = seen?.labels['run-id'] === runId ? await engine.cancel(batchId) : undefined;
  if (ended) await recordEnd(deps, name, resources, ended);
  return ended !== undefined;
}

/**
 * Ends what a cancelled run still has running and answers when it is gone. The fences go up first, so that a batch that
 * is just about to commit cannot. Safe to repeat: ended batches are left as they are.
 */
export async function cancelBatches(
  deps: Dependencies,
  input: { runId: string },
): Promise<{ cancelled: number }> {
  const { database } = deps;
  await raiseFences(database, input.runId);
  const open = await openBatches(database, input.runId);
  await endBatches(deps, open);
  return { cancelled: open.length };
}
