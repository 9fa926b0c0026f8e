import { createHash } from 'node:crypto';
import { taskQueues } from '../config.ts';
import type { Engines } from '../engines/choose.ts';
import type { ConfiguredEngine, Engine } from '../engines/engine.ts';
import { engineNamed, NotConfigured } from '../engines/index.ts';
import { Failure } from '../failures.ts';
import { findSent } from '../ledger/batches.ts';
import type { Fallback, SentBatch } from '../ledger/batches.ts';
import type { Run } from '../ledger/runs.ts';
import type { Fence } from '../ledger/units.ts';
import { batchId } from '../planning/batch-id.ts';
import type { Dependencies } from './dependencies.ts';

/** What a batch asks for that its run does not. */
export interface BatchPlacement {
  /** Instead of the run's engine. */
  engine?: string;
  /** It never asks for Spark, so it need not wait for a JVM, nor for a machine that has Java. */
  withoutSpark?: boolean;
  /** `spark://host:port` instead of the configured cluster. */
  master?: string;
  /** Memory of each of its Spark processes: `4g`. */
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
  // The run's own id is in the key, because an engine may remember the batches of a database that was replaced since.
  const idBy = (prefix: string): string =>
    batchId(prefix, job, `${run.key} ${run.runId}`, fence.unit, fence.attempt);
  const prefixOf = ({ batchPrefix }: ConfiguredEngine): string => batchPrefix ?? config.batchPrefix;
  const ids = [...new Set(Object.values(config.engines).map(prefixOf))].map(idBy);
  const sent = await findSent(database, ids);
  if (sent) {
    return { engine: await engineHolding(engines, sent), id: sent.batchId };
  }
  const placement = await engines.place(
    asked.engine ?? (run.input['engine'] as string | undefined),
    asked.master,
  );
  if (placement.engine === undefined) {
    throw new Failure(
      'InvalidInput',
      `Batches of ${run.key} go to task queue ${taskQueues.spark}, but this worker does not serve it. Start one: node launch.mjs worker --queue spark`,
    );
  }
  const { engine, fallback } = placement;
  const id = idBy(prefixOf(engineNamed(config, engine.name)));
  return { engine, id, ...(fallback && { fallback }) };
}

/**
 * The engine that a batch was sent to. Never fall back here: the batch may still be running there. Throws `NotConfigured`
 * where the environment no longer names the engine, and `Infrastructure` where waiting may help.
 */
export async function engineHolding(
  engines: Engines,
  { batchId, engine, resources }: Pick<SentBatch, 'batchId' | 'engine' | 'resources'>,
): Promise<Engine> {
  try {
    return await engines.named(engine, resources.master);
  } catch (error) {
    const unreachable = `Batch ${batchId} was sent to ${engine}, which cannot be reached: ${(error as Error).message}`;
    if (error instanceof NotConfigured) {
      throw new NotConfigured(
        `${unreachable} Set that again, or, if nothing of it runs there any more: npx sevenfold batches cancel ${batchId} --lost`,
        { cause: error },
      );
    }
    throw new Failure('Infrastructure', unreachable, { cause: error });
  }
}

/** Which workflow a batch belongs to, in the few characters that a label may have. */
export function ownerLabel(workflowId: string): string {
  return createHash('sha256').update(workflowId).digest('hex').slice(0, 16);
}
