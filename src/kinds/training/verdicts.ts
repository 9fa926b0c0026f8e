import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../../ledger/checks.ts';
import type { Run } from '../../ledger/runs.ts';
import type { World } from '../kind.ts';
import { lostOutputs, resultRootOf } from './outputs.ts';
import { findData, fitsOf, readRefit, readSelection, trainingRequestOf } from './ledger.ts';

/** Whether each phase of a training is whole, by its rows and files. */

const mostWarnings = 20;

/** Every column of the file has a verdict, and every row of it is used or dropped for a reason that is counted. */
export async function verifyProfile({ database }: World, run: Run): Promise<Check[]> {
  const request = trainingRequestOf(run);
  const found = await database.query<{ accounted: number; fileRows: number; warnings: string[] }>(
    `select rows + coalesce((select sum(value::integer) from jsonb_each_text(dropped)), 0)::integer as accounted,
            file_rows as "fileRows", warnings
       from training_data where data_version = $1`,
    [request.dataVersion],
  );
  const data = (await findData(database, run)) === undefined ? undefined : found.rows[0];
  const lost = data !== undefined && isLost(request.objectRoot, 'data/columns.json');
  return [
    {
      name: 'rows',
      severity: 'block',
      passed: data !== undefined && !lost && data.accounted === data.fileRows,
      observed: lost ? '0' : String(data?.accounted ?? 0),
      expected: String(data?.fileRows ?? 'the rows of the file'),
      message: lost ? `the files below ${request.objectRoot} are gone` : 'rows used or dropped for a reason',
    },
    ...(data?.warnings ?? []).slice(0, mostWarnings).map((warning, index): Check => ({
      name: `data ${index + 1}`,
      severity: 'warn',
      passed: false,
      observed: warning,
      expected: 'nothing odd',
      message: request.name,
    })),
  ];
}

/** Every row that takes part is in one part. */
export async function verifySplit({ database }: World, run: Run): Promise<Check[]> {
  const { dataVersion, objectRoot } = trainingRequestOf(run);
  const found = await database.query<{ parted: number; rows: number }>(
    `select rows, (select coalesce(sum((part ->> 'rows')::integer), 0)::integer
                     from jsonb_array_elements(split -> 'parts') part
                    where part ->> 'part' in ('train', 'test')) as parted
       from training_data where data_version = $1`,
    [dataVersion],
  );
  const data = await findData(database, run);
  const lost = isLost(objectRoot, 'data/split.json');
  const { rows, parted } = found.rows[0] ?? { rows: 0, parted: 0 };
  const passed = data?.folds != null && !lost && parted === rows;
  return [
    {
      name: 'rows',
      severity: 'block',
      passed,
      observed: lost || data?.folds == null ? '0' : String(parted),
      expected: String(rows),
      message: lost ? `the files below ${objectRoot} are gone` : 'rows in exactly one part',
    },
  ];
}

/** Every trial is a row: with its figure and its predictions, or with the reason why its library refused it. */
export async function verifyFits({ database }: World, run: Run): Promise<Check[]> {
  const data = await findData(database, run);
  const due = data?.folds == null ? [] : fitsOf(trainingRequestOf(run), { ...data, folds: data.folds });
  await database.query(
    `update units u
        set verdict = case when j.whole then 'complete'
                           when u.verdict in ('failed', 'quarantined') then u.verdict else 'missing' end,
            reason = case when j.whole then null else u.reason end,
            failure_type = case when j.whole then null else u.failure_type end,
            tries = case when j.whole then 0 else u.tries end,
            rows_found = case when j.whole then 1 else 0 end,
            committed_attempt = case when j.whole then u.committed_attempt end,
            finished_at = clock_timestamp()
       from (select due.unit,
                    coalesce(due.committed_fingerprint = due.fingerprint and not f.fit_key = any ($2), false) as whole
               from units due
               left join training_fits f
                 on f.run_id = due.run_id and due.unit = format('%s/trial %s/fold %s', f.model, f.trial, f.fold)
              where due.run_id = $1 and due.kind = 'fit') j
      where u.run_id = $1 and u.unit = j.unit and u.verdict <> 'skipped'
        and ((u.verdict = 'complete') is distinct from j.whole or u.finished_at is null)`,
    [run.runId, await withoutPredictions({ database }, run)],
  );
  const counted = await database.query<{ found: number }>(
    `select count(*)::integer as found from units where run_id = $1 and kind = 'fit' and verdict = 'complete'`,
    [run.runId],
  );
  const { found } = counted.rows[0]!;
  return [
    {
      name: 'rows',
      severity: 'block',
      passed: due.length > 0 && due.length === found,
      observed: String(found),
      expected: String(due.length),
      message: 'trials on folds that have an answer',
    },
  ];
}

/** Fits whose predictions are gone from their folder: the choice is made of them. */
async function withoutPredictions({ database }: Pick<World, 'database'>, run: Run): Promise<string[]> {
  const found = await database.query<{ key: string; predictions: string }>(
    `select fit_key as key, predictions from training_fits where run_id = $1 and status = 'complete'`,
    [run.runId],
  );
  return found.rows
    .filter(({ predictions }) => predictions.startsWith('/') && !existsSync(predictions))
    .map(({ key }) => key);
}

export async function verifySelection({ database }: World, run: Run): Promise<Check[]> {
  const selection = await readSelection(database, run.runId);
  const unfitted = await database.query<{ label: string; error: string }>(
    `select entry ->> 'label' as label, entry ->> 'error' as error
       from training_selections, jsonb_array_elements(leaderboard) entry
      where run_id = $1 and entry ? 'error' order by 1`,
    [run.runId],
  );
  return [
    single(selection?.label, 'the chosen model'),
    ...unfitted.rows.map(({ label, error }): Check => ({
      name: `fitted ${label}`,
      severity: 'warn',
      passed: false,
      observed: error,
      expected: 'a fit of every fold',
      message: `${label} had no part in the choice`,
    })),
  ];
}

/** The model's files are there; the job has read them again and found its own predictions. */
export async function verifyRefit({ database }: World, run: Run): Promise<Check[]> {
  const refit = await readRefit(database, run.runId);
  const selection = await readSelection(database, run.runId);
  const gone = refit?.files.find(({ name }) => isLost(refit.root, name));
  if (gone !== undefined) return [single(undefined, `${refit!.root}/${gone.name} is gone`)];
  const ofThisChoice = refit !== undefined && refit.fitsSha256 === selection?.fitsSha256;
  return [
    single(ofThisChoice ? refit.modelId : undefined, 'the model, as files that predict what it predicts'),
  ];
}

/** The winner and the baseline have figures on the test rows and on every later file; clusters have them on all rows. */
export async function verifyEvaluation({ database, config }: World, run: Run): Promise<Check[]> {
  const { oot } = trainingRequestOf(run);
  // Clusters have no baseline: they stand on all rows, and on later ones.
  const grouped = (await findData(database, run))?.task === 'clustering';
  const due = (grouped ? 1 : 2) * (1 + oot.length);
  const found = await database.query<{ part: string; candidate: string }>(
    `select part, candidate
       from training_evaluations e join training_refits r using (run_id, model_id) where run_id = $1`,
    [run.runId],
  );
  const written = found.rows.map(({ part, candidate }) => `${part.replaceAll(' ', '_')}_${candidate}`);
  const names = ['leaderboard', ...(grouped ? [] : ['out_of_fold']), ...written];
  const [lost] = lostOutputs(resultRootOf(config, run), names);
  if (found.rows.length === due && lost !== undefined) return [counted(0, due, `${lost} is gone`)];
  return [
    counted(
      found.rows.length,
      due,
      grouped ? 'clusters of all rows and later ones' : 'winner and baseline on test and later rows',
    ),
  ];
}

/** Every column that the model was given has its importance. */
export async function verifyExplanation({ database, config }: World, run: Run): Promise<Check[]> {
  const found = await database.query<{ found: number; due: number }>(
    `select (select count(*)::integer from training_importances i join training_refits r using (run_id, model_id)
              where run_id = $1) as found,
            coalesce((select count(distinct f ->> 'from')::integer
                        from training_data, jsonb_array_elements(features) f where data_version = $2), 0) as due`,
    [run.runId, trainingRequestOf(run).dataVersion],
  );
  const { found: there, due } = found.rows[0]!;
  const [lost] = lostOutputs(resultRootOf(config, run), ['importances']);
  if (there === due && lost !== undefined) return [counted(0, due, `${lost} is gone`)];
  return [counted(there, due, 'columns with their importance')];
}

function isLost(root: string, name: string): boolean {
  return root.startsWith('/') && !existsSync(join(root, name));
}

function counted(found: number, due: number, message: string): Check {
  return {
    name: 'rows',
    severity: 'block',
    passed: due > 0 && found === due,
    observed: String(found),
    expected: String(due),
    message,
  };
}

function single(observed: string | undefined, message: string): Check {
  return counted(observed === undefined ? 0 : 1, 1, message);
}
