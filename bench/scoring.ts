import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRig } from '../test/support/rig.ts';
import type { StackRig } from '../test/support/rig.ts';
import { askLimit, python, startedRun } from './lightgbm.ts';
import type { Limit } from './lightgbm.ts';
import { measure } from './load.ts';
import { record } from './results.ts';

const targetSeconds = 30;
const trainingRows = 20_000;
const scoredRows = 1_000_000;

/**
 * A million generated rows × 30 scored by a model of 400 trees, as Parquet and as CSV, next to reading the same file and
 * LightGBM alone. `--sizes 100000` scores so many.
 */
export async function run(sizes: readonly number[] = [scoredRows]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-bench-'));
  const rig = await startRig();
  try {
    const file = join(folder, 'rows');
    python(rig, 'table', String(trainingRows), '1', file);
    await startedRun(rig, [
      ...['run', 'train', '--dataset', `${file}.parquet`, '--target', 'y'],
      ...['--models', 'lightgbm', '--trials', '1'],
      ...['--params', 'lightgbm.trees=400', 'lightgbm.learning_rate=0.05'],
    ]);
    for (const rows of sizes) await measureScoring(rig, folder, rows);
  } finally {
    await rig.takeDown();
    rmSync(folder, { recursive: true });
  }
}

async function measureScoring(rig: StackRig, folder: string, rows: number): Promise<void> {
  const { rows: models } = await rig.database.query<{ model: string; root: string }>(
    'select model_id as model, root from models order by created_at desc limit 1',
  );
  const { model, root } = models[0]!;
  const file = join(folder, 'scored');
  python(rig, 'table', String(rows), '2', file);
  for (const format of ['parquet', 'csv']) {
    const dataset = `${file}.${format}`;
    const { seconds, load } = await measure(rig, () =>
      startedRun(rig, ['score', '--model', model, '--dataset', dataset, '--format', format]),
    );
    const limit = askLimit(rig, 'predict', dataset, join(root, '1-model.txt'));
    record({
      name: `score ${rows === scoredRows ? '1M' : 'generated'}, ${format}`,
      size: `${rows.toLocaleString('en-US')} rows × 30, 400 trees`,
      seconds,
      ...(rows === scoredRows && { targetSeconds }),
      ...load,
      rows,
      stages: ofLimit(limit),
      limit: { what: 'reading and LightGBM alone', seconds: limit.seconds },
    });
  }
}

function ofLimit({ seconds, ...others }: Limit): Record<string, number> {
  return Object.fromEntries(
    Object.entries({ seconds, ...others }).map(([what, value]) => [`LightGBM alone, ${what}`, value]),
  );
}
