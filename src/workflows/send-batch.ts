import type { BatchOutcome, RunBatchInput } from '../activities/run-batch.ts';
import { engineActivities } from './options.ts';

/** Where a batch goes, and what is done where the run cannot afford it. */
export interface Sender {
  engine: string;
  /** The run's priority, in Temporal and on the engine. */
  priority: number;
  /** Pauses the run and returns when a person lets it go on. */
  pauseAtBudget: (statement: string) => Promise<void>;
}

/** Runs a batch to its end; what failed is an answer like any other. */
export async function sendBatch(
  { engine, priority, pauseAtBudget }: Sender,
  request: RunBatchInput,
): Promise<BatchOutcome> {
  const { runBatch } = engineActivities(engine, priority);
  for (;;) {
    const outcome = await runBatch(request);
    if (outcome.overBudget === undefined) return outcome;
    await pauseAtBudget(outcome.overBudget);
  }
}
