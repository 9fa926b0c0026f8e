import { inTransaction } from '../../database/pool.ts';
import type { Database } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';
import { resultVersion } from '../../ledger/result-versions.ts';
import type { Run } from '../../ledger/runs.ts';
import { layOutFitUnits } from '../../ledger/units.ts';
import type { OpenUnit } from '../../planning/chunks.ts';
import { hash } from '../digest.ts';
import type { TrainingInput } from './input.ts';
import { refusalByData } from './fit-for-data.ts';
import { chosenModels, groupingsOf, metricOf, trialsOf } from './models.ts';
import type { AskedTask, Parameter, Task } from './models.ts';
import type { Path } from './path.ts';

export const trainingKind = 'trainModel';

/** What a training is about, with every default filled in; it stands in `runs.request`. */
export interface TrainingRequest {
  dataVersion: string;
  name: string;
  source: string;
  sourceSha256: string;
  /** Later files, in the order given. */
  oot: { name: string; source: string; sha256: string }[];
  /** As asked for; what the data say stands in `training_data`. */
  task: AskedTask;
  models: string[] | undefined;
  metric: string | undefined;
  trials: number;
  parallel: number;
  params: Record<string, Record<string, Parameter>>;
  maxFeatures: number | null;
  threshold: TrainingInput['threshold'] | null;
  cost: Record<string, number> | null;
  seed: number;
  /** Left out: native. */
  path?: Path;
  /** How many tasks share the rows of a fit on the distributed path. */
  tasks?: number;
  /** What becomes of columns and rows: roles, types, validation, seed. */
  settings: Record<string, unknown>;
  /** Folder or `gs://…` of the prepared data and the fits' predictions. */
  objectRoot: string;
}

export function trainingRequestOf(run: Pick<Run, 'key' | 'kind' | 'request'>): TrainingRequest {
  if (run.kind !== trainingKind || run.request === null) throw new Error(`${run.key} is no training.`);
  return run.request as unknown as TrainingRequest;
}

/** Prepared data, as far as the run goes by it. */
export interface PreparedData {
  task: Task;
  rows: number;
  features: number;
  classes: number;
  /** Folds that validate; null until the rows are parted. */
  folds: number | null;
}

/** Undefined where nobody has prepared this version, or by another rule, or in another object store. */
export async function findData(database: Database, run: Run): Promise<PreparedData | undefined> {
  const { dataVersion, objectRoot } = trainingRequestOf(run);
  const found = await database.query<PreparedData>(
    `select task, rows, jsonb_array_length(features) as features,
            coalesce(jsonb_array_length(classes), 0) as classes,
            case when split_version = $4 then (split ->> 'folds')::integer end as folds
       from training_data where data_version = $1 and object_root = $2 and result_version = $3`,
    [dataVersion, objectRoot, resultVersion('training_profile'), resultVersion('training_split')],
  );
  return found.rows[0];
}

export async function readData(database: Database, run: Run): Promise<PreparedData & { folds: number }> {
  const data = await findData(database, run);
  if (data?.folds == null) {
    throw new Failure('CheckFailed', `Data version ${trainingRequestOf(run).dataVersion} is not prepared.`);
  }
  return { ...data, folds: data.folds };
}

/** A trial of a model on a fold. */
export interface Fit {
  unit: string;
  model: string;
  trial: number;
  fold: number;
}

/** Every fit of a run: models simplest first, trials by number. */
export function fitsOf(request: TrainingRequest, { task, folds }: PreparedData & { folds: number }): Fit[] {
  const trialsOfModel = (model: string): number =>
    task === 'clustering'
      ? groupingsOf(model, request.params[model]?.['clusters'])
      : trialsOf(model, request.trials);
  return chosenModels(task, request.models, request.path).flatMap((model) =>
    numbers(trialsOfModel(model)).flatMap((trial) =>
      numbers(folds).map((index) => ({
        unit: `${model}/trial ${trial}/fold ${index + 1}`,
        model,
        trial,
        fold: index + 1,
      })),
    ),
  );
}

/**
 * What decides every figure of a fit: parameters follow from the trials before it, which are named by the same request.
 * A trial does not depend on how many come after it, so more trials keep those that there are.
 */
export function fingerprintOf(request: TrainingRequest, { model, trial, fold }: Fit): string {
  const { dataVersion, parallel, params, maxFeatures, seed, metric, tasks } = request;
  const ranges = params[model] ?? {};
  return hash(
    [
      dataVersion,
      model,
      trial,
      fold,
      parallel,
      ranges,
      maxFeatures,
      seed,
      metric,
      resultVersion('training_fit'),
      ...(tasks === undefined ? [] : [tasks]),
    ],
    16,
  );
}

/** Lays out the fits of a run, once its data say which there are. Safe to repeat: what is done stays. */
export async function layOutFits(database: Database, run: Run): Promise<number> {
  const request = trainingRequestOf(run);
  const data = await readData(database, run);
  const refusal = refusalByData(request, data);
  if (refusal !== undefined) throw new Failure('InvalidInput', refusal);
  const fits = fitsOf(request, data);
  const units = fits.map((fit, position) => ({ ...fit, position, fingerprint: fingerprintOf(request, fit) }));
  await inTransaction(database, async (client) => {
    await layOutFitUnits(client, run.runId, units);
    // Trials that are no longer asked for have no part in the choice.
    await client.query(
      `delete from training_fits f
        where run_id = $1 and not exists (
              select 1 from units u
               where u.run_id = f.run_id and u.kind = 'fit'
                 and u.unit = format('%s/trial %s/fold %s', f.model, f.trial, f.fold)
                 and u.committed_fingerprint is not distinct from u.fingerprint)`,
      [run.runId],
    );
  });
  return fits.length;
}

/** Data that another run has prepared is this run's as well. */
export async function adoptData(database: Database, run: Run, reads: Record<string, string>): Promise<void> {
  const data = await findData(database, run);
  if (data === undefined) return;
  const there = data.folds === null ? ['profile'] : ['profile', 'split'];
  for (const unit of there) {
    await database.query(
      `update units set committed_fingerprint = $3, rows_due = 1
        where run_id = $1 and unit = $2 and committed_fingerprint is distinct from $3`,
      [run.runId, unit, reads[unit]],
    );
  }
}

/** Fits that still have to be done, in the order of the run. */
export async function readOpenFits(database: Database, run: Run): Promise<(OpenUnit & Fit)[]> {
  const open = await database.query<OpenUnit>(
    `select unit, model_version as "modelVersion", chunk, tries, failure_type as "failureType", reason
       from units
      where run_id = $1 and kind = 'fit' and verdict in ('missing', 'partial')
        and (attempt = 0 or committed_attempt is distinct from attempt)
      order by position`,
    [run.runId],
  );
  return open.rows.map((unit) => ({ ...unit, ...partsOf(unit.unit) }));
}

function partsOf(unit: string): Pick<Fit, 'model' | 'trial' | 'fold'> {
  const match = /^(\w+)\/trial (\d+)\/fold (\d+)$/.exec(unit);
  if (match === null) throw new Error(`${unit} is no fit of a training.`);
  return { model: match[1]!, trial: Number(match[2]), fold: Number(match[3]) };
}

export interface Selection {
  label: string;
  members: { model: string; trial: number; params: Record<string, unknown>; weight: number }[];
  metric: string;
  reason: string;
  beatsBaseline: boolean;
  threshold: number | null;
  fitsSha256: string;
}

/** What a run chose; undefined where it has not, or not yet. */
export async function readSelection(database: Database, runId: string): Promise<Selection | undefined> {
  const found = await database.query<Selection>(
    `select label, members, metric, reason, beats_baseline as "beatsBaseline", threshold,
            fits_sha256 as "fitsSha256"
       from training_selections where run_id = $1`,
    [runId],
  );
  return found.rows[0];
}

export interface Refit {
  modelId: string;
  root: string;
  files: { name: string; bytes: number; sha256: string }[];
  fitsSha256: string;
}

export async function readRefit(database: Database, runId: string): Promise<Refit | undefined> {
  const found = await database.query<Refit>(
    `select model_id as "modelId", m.root, m.files, r.fits_sha256 as "fitsSha256"
       from training_refits r join models m using (model_id) where r.run_id = $1`,
    [runId],
  );
  return found.rows[0];
}

/** The figures a training is judged by at a glance; `failed` fits are those without an answer. */
export async function trainingCounts(database: Database, run: Run): Promise<Record<string, number>> {
  const counted = await database.query<Record<string, number>>(
    `select count(*)::integer as fits,
            (count(*) filter (where verdict = 'complete'))::integer as complete,
            (count(*) filter (where verdict <> 'complete'))::integer as failed,
            (select count(*)::integer from training_fits f where f.run_id = $1 and f.status = 'failed') as refused,
            count(distinct model_version)::integer as models,
            coalesce((select rows from training_data where data_version = $2), 0) as rows,
            (select count(*)::integer from batches where run_id = $1) as batches
       from units where run_id = $1 and kind = 'fit'`,
    [run.runId, trainingRequestOf(run).dataVersion],
  );
  return counted.rows[0]!;
}

/** Fits that are not there, by model, with their reasons. */
export async function missingFits(
  database: Database,
  runId: string,
): Promise<{ model: string; fits: number; verdict: string; reason: string | null }[]> {
  const found = await database.query<{ model: string; fits: number; verdict: string; reason: string | null }>(
    `select model_version as model, count(*)::integer as fits, verdict, reason
       from units where run_id = $1 and kind = 'fit' and verdict <> 'complete'
      group by model_version, verdict, reason order by min(position)`,
    [runId],
  );
  return found.rows;
}

export function metricOfRun(request: TrainingRequest, task: Task): string {
  return metricOf(task, request.metric);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
