import { readdirSync, statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import type { RowsInTasks } from '../../engines/engine.ts';
import { findEngine } from '../../engines/index.ts';
import { Failure } from '../../failures.ts';
import { effectiveEngine } from '../../objects.ts';
import { askPython } from '../../python.ts';
import { distributedRefusal } from './input.ts';
import type { TrainingInput } from './input.ts';

/** In processes of the worker's machine, each with all rows; or in tasks of Spark, each with some of them. */
export type Path = 'native' | 'distributed';

/** What a training of a file holds, without reading its columns (spark/sevenfold_jobs/training/sized.py). */
export interface Sized {
  rows: number;
  columns: number;
  bytes: number;
  /** Half of the memory. */
  roomBytes: number;
  validation: string;
  folds: number;
}

/**
 * The path of a training: as asked for; else native while the rows fit into half of the memory. Throws `InvalidInput`,
 * with the estimate, where they do not and the engine cannot spread them.
 */
export async function pathOf(
  config: Config,
  input: TrainingInput,
  { name, source, settings, engine }: { name: string; source: string; settings: object; engine: string },
): Promise<Path> {
  const asked = input.path ?? 'auto';
  const spreads = findEngine(config, effectiveEngine(config, engine))?.definition.rowsInTasks;
  const size =
    asked === 'auto' && mayBeTooLarge(bytesOf(source))
      ? await askPython<Sized>(config, 'sevenfold_jobs.training.sized', { source, name, settings })
      : undefined;
  return decidedPath({ input, name, engine, spreads, size });
}

/** `size` is left out where the path is asked for, and where the rows fit in any case. */
export function decidedPath({
  input,
  name,
  engine,
  spreads,
  size,
}: {
  input: TrainingInput;
  name: string;
  engine: string;
  spreads: RowsInTasks | undefined;
  size: Sized | undefined;
}): Path {
  if (input.path === 'distributed') {
    if (spreads !== undefined) return 'distributed';
    throw new Failure(
      'InvalidInput',
      `The distributed path needs an engine whose tasks read the files of this machine, and ${engine} is none: take --engine standalone.`,
    );
  }
  if (size === undefined || size.bytes <= size.roomBytes) return 'native';
  const large =
    `${name} has ${size.rows.toLocaleString('en')} rows of ${size.columns} columns, for which fits hold about ` +
    `${gigabytes(size.bytes)}, and half of the memory here is ${gigabytes(size.roomBytes)}`;
  const refusal = distributedRefusal({ ...input, path: 'distributed' });
  if (spreads === 'by size' && refusal === undefined) return 'distributed';
  throw new Failure(
    'InvalidInput',
    spreads === 'by size'
      ? `${large}, so it takes the distributed path, and there ${refusal}`
      : `${large}: give a cluster (SPARK_MASTER_URL, --engine standalone) that shares the rows, name fewer columns ` +
          '(--features), or give a sample of the rows.',
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })} GB`;
}

/** Bytes in memory of one byte of a file: a column of one value packs better, and is refused when it is read. */
const mostUnpacked = 100;

function mayBeTooLarge(bytes: number): boolean {
  const constrained = process.constrainedMemory();
  const memory = Math.min(totalmem(), constrained > 0 ? constrained : Infinity);
  return bytes * mostUnpacked > memory / 2;
}

function bytesOf(source: string): number {
  const stats = statSync(source);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(source).reduce((sum, each) => sum + bytesOf(join(source, each)), 0);
}
