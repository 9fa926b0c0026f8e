import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import type { Run } from '../../ledger/runs.ts';
import { objectsOf } from '../../objects.ts';
import { trainingRequestOf } from './ledger.ts';

/** Where a run leaves its tables, each as CSV and Parquet (spark/sevenfold_jobs/training/outputs.py). */
export function resultRootOf(config: Config, run: Run): string {
  const { name } = trainingRequestOf(run);
  return `${objectsOf(config, run.engine)}/training/results/${name}/${run.runId.slice(0, 8)}`;
}

/** Which of these tables are gone from their folder; a bucket is not looked into. */
export function lostOutputs(root: string, names: readonly string[]): string[] {
  if (!root.startsWith('/')) return [];
  return names
    .flatMap((name) => [`${name}.csv`, `${name}.parquet`])
    .filter((name) => !existsSync(join(root, name)));
}
