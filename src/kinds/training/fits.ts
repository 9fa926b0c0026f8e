import { totalmem } from 'node:os';
import type { BatchPlacement } from '../../activities/place-batch.ts';
import { thisMachine } from '../../engines/names.ts';
import { Failure } from '../../failures.ts';
import type { OpenedChunk } from '../../ledger/chunks.ts';
import type { Run } from '../../ledger/runs.ts';
import { repair } from '../../planning/chunks.ts';
import type { ChunkPlan } from '../../planning/chunks.ts';
import type { ChunkRequest, World } from '../kind.ts';
import * as ledger from './ledger.ts';

/** A trial waits for those before it, so a batch has all that is left of its models. */
const timeoutMs = 24 * 60 * 60_000;

/**
 * Cuts the fits that are left into batches: one for all, whose processes are never idle while anything is ready. Trials
 * wait for each other, so several batches would wait as well. Throws `InvalidInput` where a fit said so.
 */
export async function planFitChunks(
  { database }: World,
  run: Run,
): Promise<{ open: Awaited<ReturnType<typeof ledger.readOpenFits>>; plan: ChunkPlan }> {
  const open = await ledger.readOpenFits(database, run);
  // What was asked for cannot be: no smaller batch would tell more than this one line.
  const wrong = open.find(({ failureType }) => failureType === 'InvalidInput');
  if (wrong !== undefined) throw new Failure('InvalidInput', wrong.reason ?? wrong.unit);
  const plan: ChunkPlan = { chunks: [], givenUp: [] };
  const fresh = open.filter(({ failureType }) => failureType === null);
  if (fresh.length > 0) plan.chunks.push(fresh.map(({ unit }) => unit));
  const failed = new Map<string, typeof open>();
  for (const fit of open.filter(({ failureType }) => failureType !== null)) {
    const together = `${fit.model} ${fit.chunk} ${fit.failureType} ${fit.reason}`;
    failed.set(together, [...(failed.get(together) ?? []), fit]);
  }
  // What failed goes first: trials after it wait for it.
  const again: ChunkPlan = { chunks: [], givenUp: [] };
  for (const each of failed.values()) repair(each, again);
  return {
    open,
    plan: { chunks: again.chunks.length > 0 ? again.chunks : plan.chunks, givenUp: again.givenUp },
  };
}

/** What the batch of a chunk of fits is asked. Trials that are there already stand in the ledger, where the job reads them. */
export async function fitChunk(
  { database, config }: World,
  run: Run,
  { units }: OpenedChunk,
): Promise<ChunkRequest> {
  const request = ledger.trainingRequestOf(run);
  const data = await ledger.readData(database, run);
  const open = new Map((await ledger.readOpenFits(database, run)).map((fit) => [fit.unit, fit]));
  return {
    job: 'training_fit',
    input: {
      dataVersion: request.dataVersion,
      objectRoot: request.objectRoot,
      task: data.task,
      metric: ledger.metricOfRun(request, data.task),
      folds: data.folds,
      parallel: request.parallel,
      params: request.params,
      maxFeatures: request.maxFeatures,
      seed: request.seed,
      ...(request.tasks !== undefined && { tasks: request.tasks }),
      processes: config.sparkCores,
      memoryMb: memoryMb(),
      fits: units.flatMap(({ unit }) => {
        const fit = open.get(unit);
        return fit === undefined
          ? []
          : [
              {
                unit,
                model: fit.model,
                trial: fit.trial,
                fold: fit.fold,
                fingerprint: ledger.fingerprintOf(request, fit),
              },
            ];
      }),
    },
    timeoutMs,
    placement: request.tasks === undefined ? withoutSpark : {},
  };
}

/** Fits are processes of this machine, whatever the run's engine; on the distributed path they are tasks of it. */
export const withoutSpark: BatchPlacement = { engine: thisMachine, withoutSpark: true };

/** What is left beside the stack itself. */
const shareOfMemory = 0.75;

/** Megabytes that one fit may hold. */
function memoryMb(): number {
  const constrained = process.constrainedMemory();
  const machine = Math.min(totalmem(), constrained > 0 ? constrained : Infinity) / 2 ** 20;
  return Math.floor(machine * shareOfMemory);
}
