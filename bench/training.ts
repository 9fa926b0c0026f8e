import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRig } from '../test/support/rig.ts';
import type { StackRig } from '../test/support/rig.ts';
import { askLimit, python, startedRun } from './lightgbm.ts';
import { measure } from './load.ts';
import { record } from './results.ts';
import { sharedData } from '../test/support/shared-data.ts';

const largeRows = 200_000;
const fewTrials = 3;

/**
 * A training of bank.csv by the defaults, where the shared data are, and one of 200,000 generated rows × 30 by three trials of each
 * model; next to LightGBM's defaults on the same file. `--sizes 20000` generates so many.
 */
export async function run(sizes: readonly number[] = [largeRows]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sevenfold-bench-'));
  const rig = await startRig();
  try {
    const bank = sharedData('cv/bank.csv');
    if (existsSync(bank)) {
      await measureTraining(rig, 'train bank', bank, 'deposit', ['duration'], []);
    } else {
      process.stdout.write(`${bank} is not there: train bank is left out\n`);
    }
    for (const rows of sizes) {
      const file = join(folder, 'rows');
      python(rig, 'table', String(rows), '1', file);
      const name = `train ${rows === largeRows ? '200k' : 'generated'}`;
      await measureTraining(rig, name, `${file}.parquet`, 'y', [], ['--trials', String(fewTrials)]);
    }
  } finally {
    await rig.takeDown();
    rmSync(folder, { recursive: true });
  }
}

async function measureTraining(
  rig: StackRig,
  name: string,
  file: string,
  target: string,
  left: readonly string[],
  options: readonly string[],
): Promise<void> {
  const excluded = left.length > 0 ? ['--exclude', ...left] : [];
  const { result, seconds, load } = await measure(rig, () =>
    startedRun(rig, ['run', 'train', '--dataset', file, '--target', target, ...excluded, ...options]),
  );
  const { rows: found } = await rig.database.query<{
    auc: number;
    logLoss: number;
    rows: number;
    columns: number;
    fits: number;
    label: string;
  }>(
    `select (figures ->> 'auc')::float8 as auc, (figures ->> 'log_loss')::float8 as "logLoss", d.rows,
            jsonb_array_length(d.features) as columns, s.label,
            (select count(*)::integer from training_fits f where f.run_id = e.run_id) as fits
       from training_evaluations e
       join training_refits r using (run_id)
       join training_data d using (data_version)
       join training_selections s using (run_id)
      where run_id = $1 and part = 'test' and candidate = 'winner'`,
    [result],
  );
  const made = found[0]!;
  const limit = askLimit(rig, 'fit', file, target, ...left);
  record({
    name,
    size: `${made.rows.toLocaleString('en-US')} rows × ${made.columns}, ${made.fits} fits; chosen: ${made.label}`,
    seconds,
    ...load,
    rows: made.rows,
    stages: {
      'test AUC': made.auc,
      'test log loss': made.logLoss,
      "LightGBM's defaults, AUC": limit.auc!,
      "LightGBM's defaults, log loss": limit.logLoss!,
      "LightGBM's defaults, CPU seconds": limit.cpuSeconds,
      "LightGBM's defaults, peak MB": limit.peakMb,
    },
    limit: { what: "reading and LightGBM's defaults", seconds: limit.seconds },
  });
}
