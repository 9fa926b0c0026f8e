import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../database/pool.ts';
import type { Check } from '../../ledger/checks.ts';
import { resultVersion } from '../../ledger/result-versions.ts';
import type { Run } from '../../ledger/runs.ts';
import type { Task } from './input.ts';
import { cvRequestOf, foldNumbers, within, readSelection } from './ledger.ts';

/** Whether each phase of a cross-validation is whole, by its rows and files. */

/** Folds are prepared when the ledger knows all of them and their files are there. */
export async function verifyFolds(database: Database, run: Run): Promise<Check[]> {
  const request = cvRequestOf(run);
  const found = await database.query<{ folds: number; warnings: string[]; root: string; version: number }>(
    `select (select count(*)::integer from cv_folds f where f.data_version = d.data_version) as folds,
            warnings, object_root as root, result_version as version
       from cv_data d where data_version = $1`,
    [request.dataVersion],
  );
  const data = found.rows[0];
  const { objectRoot } = request;
  const folder = objectRoot.startsWith('/') ? objectRoot : undefined;
  const parts = [...foldNumbers(request).map((fold) => `fold_${fold}`), 'all'];
  const lost = folder !== undefined && !parts.every((part) => existsSync(join(folder, part, 'fold.json')));
  const whole =
    data?.folds === request.folds &&
    data.root === objectRoot &&
    !lost &&
    data.version === resultVersion('cv_prepare');
  return [
    {
      name: 'rows',
      severity: 'block',
      passed: whole,
      observed: lost ? '0' : String(data?.folds ?? 0),
      expected: String(request.folds),
      message: lost ? `the files below ${folder} are gone` : 'prepared folds',
    },
    ...(data?.warnings ?? []).slice(0, 20).map((warning, index): Check => ({
      name: `data ${index + 1}`,
      severity: 'warn',
      passed: false,
      observed: warning,
      expected: 'nothing odd',
      message: request.name,
    })),
  ];
}

/** The columns that a fit of a task must have filled; a figure that is not finite cannot be stored as one. */
const figures: Record<Task, string[]> = {
  survival: ['cindex_tau', 'ibs'],
  classification: ['auc', 'accuracy', 'f1'],
  regression: ['rmse', 'mae'],
};

/** Gives every fit its verdict from its row and its files. What was given up stays so unless they are there. */
export async function verifyFits(database: Database, run: Run): Promise<Check[]> {
  const { task } = cvRequestOf(run);
  const sound = figures[task]
    .map((column) => `f.${column} > '-Infinity'::float8 and f.${column} < 'Infinity'::float8`)
    .join(' and ');
  await database.query(
    `update units u
        set verdict = case when j.complete then 'complete'
                           when u.verdict in ('failed', 'quarantined') then u.verdict else 'missing' end,
            reason = case when j.complete then null else coalesce(u.reason, j.error) end,
            failure_type = case when j.complete then null else u.failure_type end,
            tries = case when j.complete then 0 else u.tries end,
            rows_found = case when j.complete then 1 else 0 end,
            committed_attempt = case when j.complete then u.committed_attempt end,
            finished_at = clock_timestamp()
       from (select due.unit, coalesce(f.status = 'complete' and ${sound} and not f.fit_key = any ($2), false) as complete,
                    f.error
               from units due
               left join cv_fits f on f.run_id = due.run_id and f.fit_key = due.fingerprint
              where due.run_id = $1 and due.kind = 'fit') j
      where u.run_id = $1 and u.unit = j.unit and u.verdict <> 'skipped'
        and ((u.verdict = 'complete') is distinct from j.complete or u.finished_at is null)`,
    [run.runId, await withoutArrays(database, run)],
  );
  const counted = await database.query<{ due: number; found: number }>(
    `select count(*)::integer as due, (count(*) filter (where verdict = 'complete'))::integer as found
       from units where run_id = $1 and kind = 'fit' and verdict <> 'skipped'`,
    [run.runId],
  );
  const { due, found } = counted.rows[0]!;
  return [
    {
      name: 'rows',
      severity: 'block',
      passed: due === found,
      observed: String(found),
      expected: String(due),
      message: 'fits whose figures are stored',
    },
  ];
}

/**
 * Fits whose arrays are gone from their folder, or lie where the run's engine cannot read them: the refit, and whoever
 * opens them, would miss them.
 */
async function withoutArrays(database: Database, run: Run): Promise<string[]> {
  const found = await database.query<{ key: string; arrays: string | null; within: boolean }>(
    `select fit_key as key, arrays, ${within('f', 2)} as within from cv_fits f where run_id = $1 and status = 'complete'`,
    [run.runId, cvRequestOf(run).objectRoot],
  );
  return found.rows
    .filter(({ arrays, within }) => !within || (arrays?.startsWith('/') === true && !existsSync(arrays)))
    .map(({ key }) => key);
}

/** The choice is made when the run has one that is made of fits that are still there. */
export async function verifySelection(database: Database, run: Run): Promise<Check[]> {
  const selection = await readSelection(database, run.runId);
  return [single(selection?.model, 'the chosen model')];
}

export async function verifyRefit(database: Database, run: Run): Promise<Check[]> {
  const refit = (await readSelection(database, run.runId))?.refit;
  const predictions = refit ? `${refit.root}/${refit.predictions}` : undefined;
  const lost = predictions?.startsWith('/') === true && !existsSync(predictions);
  return [
    single(
      lost ? undefined : predictions,
      lost ? `${predictions} is gone` : 'the refitted model with its predictions',
    ),
  ];
}

function single(observed: string | undefined, message: string): Check {
  const passed = observed !== undefined;
  return {
    name: 'rows',
    severity: 'block',
    passed,
    observed: passed ? '1' : '0',
    expected: '1',
    message,
  };
}
