import { inTransaction } from '../../database/pool.ts';
import type { Database } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';
import { resultVersion } from '../../ledger/result-versions.ts';
import type { Run } from '../../ledger/runs.ts';
import { layOutFitUnits } from '../../ledger/units.ts';
import type { CvCandidate } from './candidates.ts';
import type { RunType, Task } from './input.ts';
import { hash } from '../digest.ts';
import type { OpenFit } from './planning/fit-chunks.ts';
import { fitWork } from './planning/fit-work.ts';
import type { FitSize, MeasuredWork } from './planning/fit-work.ts';
import type { CvPlan } from './planning/mode.ts';

/** What a cross-validation is about, with every default filled in; it stands in `runs.request`. */
export interface CvRequest {
  dataVersion: string;
  name: string;
  source: string;
  sourceSha256: string;
  task: Task;
  runType: RunType;
  parity: boolean;
  /** The column of `cv_fits` that decides. */
  metric: string;
  folds: number;
  splitter: string;
  seed: number;
  threads: number;
  models: CvCandidate[];
  /** What the folds are made of: roles, splitter, folds, seed. */
  settings: Record<string, unknown>;
  /** Folder or `gs://…` of the folds and of the fits' arrays: where every process of the run's engine can read them. */
  objectRoot: string;
}

export function cvRequestOf(run: Pick<Run, 'key' | 'request' | 'kind'>): CvRequest {
  if (run.kind !== 'crossValidation' || run.request === null)
    throw new Error(`${run.key} is no cross-validation.`);
  return run.request as unknown as CvRequest;
}

/** What a fit is named by: everything that can change one of its figures. */
export function fitKey(
  { dataVersion, runType, parity, seed, threads }: CvRequest,
  { model, params }: CvCandidate,
  fold: number,
): string {
  return hash(
    [dataVersion, fold, model, params, runType, parity, seed, threads, resultVersion('cv_fit')],
    16,
  );
}

function fitUnit(label: string, fold: number): string {
  return `${label}/fold ${fold}`;
}

/** SQL: a fit whose arrays lie where the processes of a run can read them; the root's parameter is a number. */
export const within = (fit: string, root: number): string =>
  `(${fit}.arrays is null or starts_with(${fit}.arrays, $${root}::text || '/'))`;

/**
 * Lays out the fits of a run: one unit each, named by its content. Those that are no longer due go with their rows, and
 * what another run has fitted under the same name, in the same object store, is taken over from it.
 */
export async function layOutFits(database: Database, run: Run): Promise<void> {
  const request = cvRequestOf(run);
  const fits = fitsOf(request);
  await inTransaction(database, async (client) => {
    const units = fits.map(({ unit, label, fold, key }) => ({
      unit,
      model: label,
      position: fold,
      fingerprint: key,
    }));
    await layOutFitUnits(client, run.runId, units);
    await client.query(`delete from cv_fits f where run_id = $1 and not fit_key = any ($2)`, [
      run.runId,
      fits.map((fit) => fit.key),
    ]);
    // A failed fit of this run gives way to what another run has made of it.
    await client.query(
      `delete from cv_fits failed
        where run_id = $1 and status = 'failed'
          and exists (select 1 from cv_fits stored
                       where stored.fit_key = failed.fit_key and stored.run_id <> $1 and stored.status = 'complete'
                         and ${within('stored', 2)})`,
      [run.runId, request.objectRoot],
    );
    await client.query(
      `insert into cv_fits
       select (jsonb_populate_record(stored.fit, jsonb_build_object('run_id', $1::text))).*
         from (select distinct on (fit_key) fit from cv_fits fit
                where fit_key = any ($2) and run_id <> $1::uuid and status = 'complete' and ${within('fit', 3)}
                order by fit_key, fitted_at) stored
       on conflict (run_id, model, params_hash, fold) do nothing`,
      [run.runId, fits.map((fit) => fit.key), request.objectRoot],
    );
  });
}

function fitsOf(request: CvRequest): { unit: string; label: string; fold: number; key: string }[] {
  return request.models.flatMap((candidate) =>
    foldNumbers(request).map((fold) => ({
      unit: fitUnit(candidate.label, fold),
      label: candidate.label,
      fold,
      key: fitKey(request, candidate, fold),
    })),
  );
}

export function foldNumbers({ folds }: Pick<CvRequest, 'folds'>): number[] {
  return Array.from({ length: folds }, (_, index) => index + 1);
}

/** Data that another run has prepared under the same name, in the same object store, is this run's as well. */
export async function adoptPreparedData(database: Database, run: Run, fingerprint: string): Promise<void> {
  const { dataVersion, folds, objectRoot } = cvRequestOf(run);
  await database.query(
    `update units set committed_fingerprint = $3, rows_due = $4
      where run_id = $1 and unit = 'folds' and committed_fingerprint is distinct from $3
        and exists (select 1 from cv_data where data_version = $2 and object_root = $5)`,
    [run.runId, dataVersion, fingerprint, folds, objectRoot],
  );
}

/** What the request left to the data, as the job decided it. Throws where the data was not prepared. */
export async function readSettings(
  database: Database,
  dataVersion: string,
): Promise<{ splitter: string; horizons: number[] }> {
  const found = await database.query<{ splitter: string; horizons: number[] }>(
    `select settings ->> 'splitter' as splitter, settings -> 'horizons' as horizons
       from cv_data where data_version = $1`,
    [dataVersion],
  );
  const settings = found.rows[0];
  if (settings === undefined)
    throw new Failure('CheckFailed', `Data version ${dataVersion} is not prepared.`);
  return settings;
}

async function readFoldSizes(
  database: Database,
  dataVersion: string,
): Promise<(FitSize & { fold: number })[]> {
  const found = await database.query<FitSize & { fold: number }>(
    `select fold, train_rows as rows, columns,
            (detail ->> 'estimateMb')::double precision as "estimateMb"
       from cv_folds where data_version = $1 order by fold`,
    [dataVersion],
  );
  return found.rows;
}

/** Fits that still have to be done, in the order of models and folds, with what each is expected to take. */
export async function readOpenFits(
  database: Database,
  run: Run,
): Promise<(OpenFit & { megabytes: number })[]> {
  const request = cvRequestOf(run);
  const [open, folds, measured] = await Promise.all([
    database.query<Omit<OpenFit, 'seconds'>>(
      `select unit, model_version as "modelVersion", chunk, tries, failure_type as "failureType", reason,
              position as fold
         from units
        where run_id = $1 and kind = 'fit' and verdict in ('missing', 'partial')
          and (attempt = 0 or committed_attempt is distinct from attempt)`,
      [run.runId],
    ),
    readFoldSizes(database, request.dataVersion),
    readMeasuredWork(database, request),
  ]);
  const order = new Map(request.models.map(({ label }, index) => [label, index]));
  const sizes = new Map(folds.map((fold) => [fold.fold, fold]));
  const models = new Map(request.models.map(({ label, model }) => [label, model]));
  return open.rows
    .map((fit) => {
      const model = models.get(fit.modelVersion)!;
      const size = sizes.get(fit.fold) ?? { rows: 0, columns: 0 };
      return { ...fit, ...fitWork(model, request.runType, size, measured.get(model)) };
    })
    .sort((a, b) => order.get(a.modelVersion)! - order.get(b.modelVersion)! || a.fold - b.fold);
}

/** What the newest fits took, by model; the first fold corrects what is expected of the others. */
async function readMeasuredWork(
  database: Database,
  { runType }: CvRequest,
): Promise<Map<string, MeasuredWork>> {
  const found = await database.query<MeasuredWork & { model: string }>(
    `select model, percentile_cont(0.5) within group (order by cpu_seconds / cells) * 1e6 as "secondsPerMillion",
            max(peak_mb) as "peakMb", max(cells) as cells
       from (select f.model, f.cpu_seconds, f.peak_mb, f.train_rows::double precision * d.columns as cells,
                    row_number() over (partition by f.model order by f.fitted_at desc) as age
               from cv_fits f join cv_folds d using (data_version, fold)
              where f.run_type = $1 and f.status = 'complete' and f.train_rows > 0) newest
      where age <= 20 group by model`,
    [runType],
  );
  return new Map(found.rows.map(({ model, ...work }) => [model, work]));
}

/** What a run chose; undefined where it has not, or not yet. */
export async function readSelection(
  database: Database,
  runId: string,
): Promise<
  | { model: string; paramsHash: string; reason: string; refit: { root: string; predictions: string } | null }
  | undefined
> {
  const found = await database.query<NonNullable<Awaited<ReturnType<typeof readSelection>>>>(
    'select model, params_hash as "paramsHash", reason, refit from cv_selections where run_id = $1',
    [runId],
  );
  return found.rows[0];
}

/** How the fits of a run were carried out last; undefined where that was never decided. */
export async function readNewestPlan(
  database: Database,
  runId: string,
): Promise<(CvPlan & { plannedFor: number | null }) | undefined> {
  const found = await database.query<{ plan: CvPlan | null; plannedFor: number | null }>(
    `select detail -> 'plan' as plan, (detail ->> 'plannedFor')::integer as "plannedFor"
       from units where run_id = $1 and unit = 'fit'`,
    [runId],
  );
  const noted = found.rows[0];
  return noted?.plan == null ? undefined : { ...noted.plan, plannedFor: noted.plannedFor };
}

/** How the fits of a run are carried out; undefined before that was decided in this claim of the run. */
export async function readCvPlan(database: Database, run: Run): Promise<CvPlan | undefined> {
  const newest = await readNewestPlan(database, run.runId);
  return newest?.plannedFor === run.attempt ? newest : undefined;
}

/** Whoever starts the run again may ask for another way. */
export async function noteCvPlan(database: Database, run: Run, plan: CvPlan): Promise<void> {
  await database.query(
    `update units set detail = detail || jsonb_build_object('plan', $2::jsonb, 'plannedFor', $3::integer)
      where run_id = $1 and unit = 'fit'`,
    [run.runId, JSON.stringify(plan), run.attempt],
  );
}

/** A fit as the choice needs it. */
export interface StoredFit {
  label: string;
  model: string;
  paramsHash: string;
  fold: number;
  fitKey: string;
  value: number | null;
  bestIteration: number | null;
  /** What the fit reports in addition to its figures. */
  notes: string[];
}

/** The complete fits of a run that it still asks for. */
export async function readStoredFits(database: Database, run: Run): Promise<StoredFit[]> {
  const { metric } = cvRequestOf(run);
  const found = await database.query<StoredFit>(
    `select u.model_version as label, f.model, f.params_hash as "paramsHash", f.fold, f.fit_key as "fitKey",
            (to_jsonb(f) ->> $2)::double precision as value, f.best_iteration as "bestIteration",
            case when jsonb_typeof(f.detail -> 'notes') = 'array' then f.detail -> 'notes' else '[]' end as notes
       from units u join cv_fits f on f.run_id = u.run_id and f.fit_key = u.fingerprint
      where u.run_id = $1 and u.kind = 'fit' and f.status = 'complete'
      order by f.model, f.params_hash, f.fold`,
    [run.runId, metric],
  );
  return found.rows;
}

/**
 * The figures a cross-validation is judged by at a glance; `unverified` are stored, in a run that ended before it looked at
 * them.
 */
export async function cvCounts(database: Database, run: Run): Promise<Record<string, number>> {
  const request = cvRequestOf(run);
  const counted = await database.query<Record<string, number>>(
    `select count(*)::integer as fits,
            (count(*) filter (where verdict = 'complete'))::integer as complete,
            (count(*) filter (where verdict <> 'complete'))::integer as failed,
            (count(*) filter (where verdict = 'missing' and reason is null and exists (
               select 1 from cv_fits f
                where f.run_id = u.run_id and f.fit_key = u.fingerprint and f.status = 'complete'
             )))::integer as unverified,
            count(distinct model_version)::integer as models,
            (select rows from cv_data where data_version = $2) as rows,
            (select count(*)::integer from batches where run_id = $1) as batches
       from units u where run_id = $1 and kind = 'fit'`,
    [run.runId, request.dataVersion],
  );
  const { rows, ...counts } = counted.rows[0]!;
  return { ...counts, folds: request.folds, rows: rows ?? 0 };
}

/** Fits that are not there, by model, with their reasons. */
export async function missingFits(
  database: Database,
  runId: string,
): Promise<{ label: string; folds: number[]; verdict: string; reason: string | null }[]> {
  const found = await database.query<{
    label: string;
    folds: number[];
    verdict: string;
    reason: string | null;
  }>(
    `select model_version as label, array_agg(position order by position) as folds, verdict, reason
       from units where run_id = $1 and kind = 'fit' and verdict <> 'complete'
      group by model_version, verdict, reason order by model_version, min(position)`,
    [runId],
  );
  return found.rows;
}
