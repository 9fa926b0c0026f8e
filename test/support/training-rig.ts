import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainingPhases } from '../../src/kinds/training/phases.ts';
import type { TrainingPhase } from '../../src/kinds/training/phases.ts';
import type { Database } from '../../src/database/pool.ts';
import { startRig, startSharedRig } from './rig.ts';
import type { Rig, StackRig } from './rig.ts';

/** A number that repeats and looks like chance. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Whether somebody buys hangs on age and channel; luck is noise. A few rows have gaps, one has no target. */
function customers(count: number): string {
  const next = draws(7);
  const lines = Array.from({ length: count }, (_, row) => {
    const age = 18 + Math.floor(next() * 60);
    const channel = ['shop', 'web', 'phone'][Math.floor(next() * 3)]!;
    const luck = next().toFixed(3);
    const odds = (age - 45) / 12 + (channel === 'web' ? 1 : -0.5);
    const buys = row === 3 ? '' : next() < 1 / (1 + Math.exp(-odds)) ? 'yes' : 'no';
    return `${row + 1},${row % 50 === 9 ? '' : age},${channel},${luck},${buys}`;
  });
  return ['customer,age,channel,luck,buys', ...lines, ''].join('\n');
}

export interface TrainingRig extends Rig {
  /** The customers as a CSV. */
  file: string;
  /** A training of who buys. */
  train(...options: string[]): ReturnType<Rig['begin']>;
  /** A number that changes with any figure, choice or model; not with when and how often it was made. */
  trainingChecksum(): Promise<string>;
  /** Throws away what a phase and those after it left, so that the next run makes it again. */
  forgetFrom(phase: TrainingPhase): Promise<void>;
}

function withCustomers<R extends Rig>(rig: R, rows: number): R & TrainingRig {
  const file = join(rig.stateFolder, 'customers.csv');
  writeFileSync(file, customers(rows));
  return {
    ...rig,
    file,
    train: (...options) =>
      rig.begin(
        ...['run', 'train', '--dataset', file, '--target', 'buys', '--exclude', 'customer', ...options],
      ),
    trainingChecksum: () => trainingChecksum(rig.database),
    forgetFrom: (phase) => forgetFrom(rig, phase),
  };
}

export const startSharedTrainingRig = async (rows = 400): Promise<TrainingRig> =>
  withCustomers(await startSharedRig(), rows);

/** A stack of its own with the customers in it. */
export const startTrainingRig = async (rows = 400): Promise<TrainingRig & StackRig> =>
  withCustomers(await startRig(), rows);

async function trainingChecksum(database: Database): Promise<string> {
  const { rows } = await database.query<{ sum: string }>(
    `select md5(concat(
       (select string_agg(concat(model_id, sha256), '' order by model_id) from models),
       (select string_agg(md5((split, columns, features, classes)::text), '') from training_data),
       (select string_agg(md5((model, trial, fold, fit_key, params, status, value, figures, notes, train_rows,
                               test_rows)::text), '' order by model, trial, fold) from training_fits),
       (select string_agg(md5((label, members, leaderboard, reason, threshold, fits_sha256)::text), '')
          from training_selections),
       (select string_agg(predictions_sha256, '') from training_refits),
       (select string_agg(md5((part, candidate, model_id, rows, figures, intervals, detail)::text), ''
                          order by part, candidate) from training_evaluations),
       (select string_agg(md5((feature, model_id, permutation, deviation, contribution, dependence)::text), ''
                          order by feature) from training_importances)))
       as sum`,
  );
  return rows[0]!.sum;
}

/** What forgets a phase's rows. */
const forgotten: Record<TrainingPhase, string> = {
  profile: 'truncate training_data cascade',
  split: 'update training_data set split = null, split_version = null',
  fit: 'truncate training_fits',
  select: 'truncate training_selections',
  refit: 'truncate training_refits, models cascade',
  evaluate: 'truncate training_evaluations',
  explain: 'truncate training_importances',
  report: 'update runs set report = null',
};

async function forgetFrom({ database, stateFolder }: Rig, phase: TrainingPhase): Promise<void> {
  const phases = trainingPhases.slice(trainingPhases.indexOf(phase));
  for (const each of phases) await database.query(forgotten[each]);
  await database.query(
    `update units
        set committed_fingerprint = null, committed_attempt = null, verdict = 'missing', rows_found = null,
            finished_at = null
      where unit = any ($1) or ($2 and kind = 'fit')`,
    [phases, phases.includes('fit')],
  );
  if (phases.includes('refit'))
    rmSync(join(stateFolder, 'objects', 'models'), { recursive: true, force: true });
  rmSync(join(stateFolder, 'reports'), { recursive: true, force: true });
}
