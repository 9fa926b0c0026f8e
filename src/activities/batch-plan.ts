import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { engineNamed } from '../engines/index.ts';
import { memoryFailures } from '../ledger/batches.ts';
import type { Run } from '../ledger/runs.ts';
import { usualSeconds } from '../ledger/throughput.ts';
import type { Fence } from '../ledger/units.ts';
import type { Cost } from '../planning/cost.ts';
import { estimateSize } from '../planning/data-size.ts';
import type { DataSize } from '../planning/data-size.ts';
import type { Resources } from '../planning/executors.ts';
import type { Dependencies } from './dependencies.ts';
import type { BatchPlacement } from './place-batch.ts';

/** What a batch is given and expected to take, before it is sent. */
export interface BatchPlan {
  size: DataSize;
  resources: Resources;
  estimate: Cost;
}

/** A path of 14 days as it is drawn and stored. */
const bytesOfAPath = 138;
/** After running out of memory a batch gets twice as much, up to this many times the usual. */
const mostMemory = 8;

/** Sizes a batch from what is known without reading its data, and prices it by the engine's own experience. */
export async function planBatch(
  { database, config }: Pick<Dependencies, 'database' | 'config'>,
  {
    run,
    fence,
    job,
    input,
    engine,
    placement: { master, sparkMemory } = {},
  }: {
    run: Run;
    fence: Fence;
    job: string;
    input: Record<string, unknown>;
    engine: string;
    placement?: BatchPlacement;
  },
): Promise<BatchPlan> {
  const size = sizeOf(input);
  const failures = await memoryFailures(database, run.runId, fence.unit);
  const configured = engineNamed(config, engine);
  const resources = configured.size(
    {
      size,
      models: modelsIn(input),
      memoryFactor: Math.min(mostMemory, 2 ** failures),
      ...(master !== undefined && { master }),
      ...(sparkMemory !== undefined && { sparkMemory }),
    },
    config,
  );
  const seconds = await usualSeconds(database, engine, job);
  return { size, resources, estimate: configured.price(resources, seconds, config) };
}

function sizeOf(input: Record<string, unknown>): DataSize {
  const {
    windows,
    paths,
    path: local,
  } = input as {
    windows?: { dates?: unknown[] }[];
    paths?: number;
    path?: string;
  };
  if (typeof paths === 'number' && Array.isArray(windows)) {
    const rows = paths * windows.reduce((sum, { dates }) => sum + (dates?.length ?? 0), 0);
    return estimateSize({ dataSizeMb: (rows * bytesOfAPath) / 2 ** 20, rows });
  }
  if (typeof local === 'string') {
    const files = filesAt(local);
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const format = files.some(({ name }) => name.endsWith('.parquet')) ? 'parquet' : 'csv';
    return estimateSize({ objectMb: bytes / 2 ** 20, format });
  }
  return estimateSize({});
}

function filesAt(local: string): { name: string; size: number }[] {
  try {
    if (!statSync(local).isDirectory()) return [{ name: local, size: statSync(local).size }];
    return readdirSync(local)
      .map((name) => ({ name, stats: statSync(path.join(local, name)) }))
      .filter(({ stats }) => stats.isFile())
      .map(({ name, stats }) => ({ name, size: stats.size }));
  } catch {
    return []; // on another machine: nothing is known
  }
}

function modelsIn(input: Record<string, unknown>): number {
  const windows = input['windows'] as { model?: string }[] | undefined;
  return Math.max(1, new Set(windows?.flatMap(({ model }) => (model === undefined ? [] : [model]))).size);
}
