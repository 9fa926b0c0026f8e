import type { Database } from '../../src/database/pool.ts';
import { startRig, startSharedRig } from './rig.ts';
import type { Rig, StackRig } from './rig.ts';

export const models = ['cox_ph', 'coxnet', 'weibull_aft', 'gbsa'];
export const folds = 3;

/** For tests that are about something else than what is fitted. */
export const fewModels = ['cox_ph', 'gbsa'];
export const fewFolds = 2;

export interface CvRig extends Rig {
  /** A cross-validation of the generated customers, unless the options say otherwise. */
  crossValidate(...options: string[]): ReturnType<Rig['begin']>;
  /** A number that changes with any figure of any fit and with the choice; not with when and where they were made. */
  cvChecksum(): Promise<string>;
  /** Throws away what was prepared, fitted and chosen, so that the next run makes it again. */
  forgetFits(prepared?: boolean): Promise<void>;
}

/** Generates customers; takes the rig down where that fails. */
async function withCustomers<R extends Rig>(rig: R, count: number): Promise<R & CvRig> {
  const made = await rig.command('generate', 'survival', '--rows', String(count), '--json');
  if (made.exitCode !== 0) {
    await rig.takeDown();
    throw new Error(`no data were generated: ${made.stderr}`);
  }
  const { database } = rig;
  return {
    ...rig,
    crossValidate(...options) {
      const dataset = options.includes('--dataset') ? [] : ['--dataset', 'survival'];
      const named = options.includes('--models') ? [] : ['--models', ...models];
      const cut = options.includes('--folds') ? [] : ['--folds', String(folds)];
      return rig.begin('run', 'cv', ...dataset, ...named, ...cut, ...options);
    },
    cvChecksum: () => cvChecksum(database),
    forgetFits: (prepared) => forgetFits(database, prepared),
  };
}

/** Over all figures of the fits, the folds, the data and the choice. */
export async function cvChecksum(database: Database): Promise<string> {
  const { rows } = await database.query<{ sum: string }>(
    `select md5(concat(
       (select string_agg(md5((model, fold, params_hash, fit_key, data_version, params, status, cindex, cindex_tau,
                               cindex_harrell, ibs, mean_auc, weighted_auc, train_rows, test_rows, seed,
                               detail - 'stages')::text), '' order by model, params_hash, fold) from cv_fits),
       (select string_agg(md5((data_version, fold, train_rows, test_rows, columns, detail)::text), ''
                          order by data_version, fold) from cv_folds),
       (select string_agg(concat(data_version, membership_sha256), '' order by data_version) from cv_data),
       (select string_agg(concat(model, params_hash, leaderboard, reason, refit ->> 'sha256'), '') from cv_selections)))
       as sum`,
  );
  return rows[0]!.sum;
}

export async function forgetFits(database: Database, prepared = false): Promise<void> {
  await database.query('truncate cv_fits, cv_selections');
  await database.query(`update units set committed_fingerprint = null where unit in ('select', 'refit')`);
  if (prepared) await database.query('delete from cv_data');
}

/** A worker on the shared servers, with a generated data set. */
export const startSharedCvRig = async (rows = 600): Promise<CvRig> =>
  withCustomers(await startSharedRig(), rows);

/** A stack of its own with a generated data set in it. */
export const startCvRig = async (
  rows = 600,
  variables: NodeJS.ProcessEnv = {},
  toolchain: { javaHome?: string } = {},
): Promise<CvRig & StackRig> => withCustomers(await startRig(variables, toolchain), rows);
