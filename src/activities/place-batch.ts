import { createHash } from 'node:crypto';
import type { Dependencies } from './dependencies.ts';
import { taskQueues } from '../config.ts';
import { NotConfigured } from '../engines/choose.ts';
import type { Engines } from '../engines/choose.ts';
import type { Engine, EngineName } from '../engines/engine.ts';
import { Failure } from '../failures.ts';
import { findSent } from '../ledger/batches.ts';
import type { Fallback } from '../ledger/batches.ts';
import type { Run } from '../ledger/runs.ts';
import type { Fence } from '../ledger/units.ts';
import { batchId } from '../planning/batch-id.ts';
import type { Mode } from '../planning/placement-input.ts';

/** What a batch asks for beside what its run does. */
export interface BatchPlacement {
  /** Instead of the run's engine. */
  engine?: Mode;
  /** It never asks for Spark, so it need not wait for a JVM, nor for a machine that has Java. */
  withoutSpark?: boolean;
  /** `spark://host:port` instead of the configured cluster. */
  master?: string;
  /** Of each of its Spark processes: `4g`. */
  sparkMemory?: string;
}

/**
 * The engine of a batch and the batch's id. A batch that was sent already stays where it was sent: it may exist there,
 * whatever new ones are placed by now.
 */
export async function placeBatch(
  { database, engines, config }: Dependencies,
  run: Run,
  { job, fence, placement: asked = {} }: { job: string; fence: Fence; placement?: BatchPlacement },
): Promise<{ engine: Engine; fallback?: Fallback; id: string }> {
  // With the run's own id in the key: an engine may remember the batches of a database that was since replaced.
  const idBy = (prefix: string): string =>
    batchId(prefix, job, `${run.key} ${run.runId}`, fence.unit, fence.attempt);
  const ids = [...new Set([config.batchPrefix, config.dataproc.batchPrefix])].map(idBy);
  const sent = await findSent(database, ids);
  if (sent) {
    const engine = await reach(engines, sent.batchId, sent.engine, sent.resources.master);
    return { engine, id: sent.batchId };
  }
  const placement = await engines.place(
    asked.engine ?? (run.input['engine'] as Mode | undefined),
    asked.master,
  );
  if (placement.mode === 'queue') {
    throw new Failure(
      'InvalidInput',
      `Batches of ${run.key} go to task queue ${taskQueues.spark}, but this worker does not serve it. Start one: node launch.mjs worker --queue spark`,
    );
  }
  const { engine, fallback } = placement;
  const id = idBy(engine.name === 'dataproc' ? config.dataproc.batchPrefix : config.batchPrefix);
  return { engine, id, ...(fallback && { fallback }) };
}

/**
 * An engine that may hold a batch of ours: that it cannot be set up now is no reason to do its work elsewhere. Waiting helps
 * where it does not answer, not where the environment no longer names it.
 */
export async function reach(
  engines: Engines,
  id: string,
  name: EngineName,
  master?: string,
): Promise<Engine> {
  try {
    return await engines.named(name, master);
  } catch (error) {
    if (error instanceof NotConfigured) {
      throw new Failure(
        'InvalidInput',
        `Batch ${id} was sent to ${name}, which cannot be reached: ${error.message} Set that again, or, if nothing of it runs there any more: npx sevenfold batches cancel ${id} --lost`,
        { cause: error },
      );
    }
    throw new Failure(
      'Infrastructure',
      `Batch ${id} was sent to ${name}, which cannot be reached: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Was an engine asked for that `reach` found without its settings? */
export function isNotConfigured(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof NotConfigured;
}

/** Which workflow a batch belongs to, in the few characters that a label may have. */
export function ownerLabel(workflowId: string): string {
  return createHash('sha256').update(workflowId).digest('hex').slice(0, 16);
}
