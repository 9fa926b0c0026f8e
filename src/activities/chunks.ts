import type { FailureType } from '../failures.ts';
import { onlyReading, phaseOf } from '../kinds/index.ts';
import type { ChunkRequest, Fanned } from '../kinds/kind.ts';
import { staleBatches } from '../ledger/batches.ts';
import * as chunks from '../ledger/chunks.ts';
import type { ChunkFailure } from '../ledger/chunks.ts';
import { readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import type { Fence } from '../ledger/units.ts';
import { maximumTries } from '../planning/retry.ts';
import type { Dependencies } from './dependencies.ts';
import { endBatches } from './end-batches.ts';

/** Chunks `first` to `last` are to be sent; none where `last` is the smaller one. */
export interface Round {
  first: number;
  last: number;
  /** Something failed that may pass by itself: wait before it is sent again. */
  waiting: boolean;
  /** The type among them that takes longest to pass. */
  after?: FailureType;
}

/**
 * Cuts what is left to do into chunks and ends what older ones have left behind. Safe to repeat as long as nothing of the
 * run is in flight: chunks that were numbered and never sent are numbered again.
 */
export async function planRound(
  deps: Dependencies,
  { runId, unit }: { runId: string; unit: string },
): Promise<Round> {
  const { database } = deps;
  const run = await readRun(database, runId);
  const { open, plan } = await fannedOf(run, unit).plan(deps, run);
  const sent = [...new Set(open.flatMap(({ chunk }) => (chunk === null ? [] : [chunk])))];
  await endBatches(deps, await staleBatches(database, runId, sent));
  const { first, last } = await chunks.numberChunks(database, runId, plan);
  const passing = open.flatMap(({ failureType }) =>
    failureType !== null && maximumTries(failureType) > 1 ? [failureType] : [],
  );
  const after = passing.find((type) => type === 'QuotaExceeded') ?? passing[0];
  return { first, last, waiting: after !== undefined, ...(after && { after }) };
}

/** The request of a chunk's batch, and the fence behind which it commits. */
export interface ChunkToSend extends ChunkRequest {
  fence: Fence;
}

function fannedOf(run: Run, unit: string): Fanned {
  const { fanned } = phaseOf(run, unit);
  if (fanned === undefined) throw new Error(`Phase ${unit} of ${run.key} is not done in chunks.`);
  return fanned;
}

/**
 * Opens a new attempt of a chunk's units and answers its request; null where nothing of it is left to do. Safe to repeat:
 * a second call opens one more attempt, and only the newest can commit.
 */
export async function beginChunk(
  deps: Dependencies,
  { runId, unit, chunk }: { runId: string; unit: string; chunk: number },
): Promise<ChunkToSend | null> {
  const { database } = deps;
  const run = await readRun(database, runId);
  const opened = await chunks.beginChunk(database, run, chunk, onlyReading());
  if (!opened) return null;
  for (const other of opened.overtaken) {
    await endBatches(deps, await staleBatches(database, other.runId, [other.chunk]));
  }
  return { fence: opened.fence, ...(await fannedOf(run, unit).request(deps, run, opened)) };
}

/** Notes why parts of a chunk are not done; what committed all the same is left alone. Safe to repeat but for a count. */
export async function noteChunk(
  { database }: Dependencies,
  { runId, chunk, failures }: { runId: string; chunk: number; failures: readonly ChunkFailure[] },
): Promise<void> {
  for (const failure of failures) await chunks.noteChunkFailure(database, runId, chunk, failure);
}
