/** Everything that the page of a training shows; only reads. */
import type { Database } from '../../../database/pool.ts';
import { readChecks } from '../../../ledger/checks.ts';
import type { Check } from '../../../ledger/checks.ts';
import { readRun } from '../../../ledger/runs.ts';
import type { Run } from '../../../ledger/runs.ts';
import { readUnits } from '../../../ledger/units.ts';
import type { Unit } from '../../../ledger/units.ts';
import { readJobCosts } from '../../../pages/batches.ts';
import type { JobCost } from '../../../pages/batches.ts';
import { missingFits, readRefit, readSelection, trainingRequestOf } from '../ledger.ts';
import type { Refit, Selection, TrainingRequest } from '../ledger.ts';
import { readEvaluations } from '../outcome.ts';
import type { Evaluation } from '../outcome.ts';

export interface TrainingReport {
  run: Run;
  request: TrainingRequest;
  data: TrainingData | null;
  phases: Unit[];
  missing: { model: string; fits: number; verdict: string; reason: string | null }[];
  fits: { due: number; complete: number };
  trials: TrialRow[];
  selection: Selection | null;
  /** The best first; what failed everywhere has no value. */
  board: BoardRow[];
  refit: Refit | null;
  evaluations: Evaluation[];
  importances: Importance[];
  checks: (Check & { unit: string })[];
  cost: JobCost[];
}

export interface TrainingData {
  task: 'classification' | 'regression' | 'clustering';
  taskReason: string;
  target: string | null;
  synthetic: boolean;
  fileRows: number;
  rows: number;
  dropped: Record<string, number>;
  columns: ColumnVerdict[];
  features: number;
  classes: { name: string; rows: number }[];
  summary: Record<string, number>;
  warnings: string[];
  split: {
    validation: string;
    folds: number;
    parts: { part: string; rows: number; classes?: number[] }[];
  } | null;
  /** The libraries that prepared the rows and fitted the models. */
  versions: Record<string, string>;
}

export interface ColumnVerdict {
  name: string;
  kind: string | null;
  verdict: string;
  reason: string | null;
  gaps?: number;
  levels?: number | null;
}

export interface BoardRow {
  label: string;
  value: number | null;
  standardError?: number | null;
  difference?: number;
  differenceError?: number | null;
  figures?: Record<string, number | null>;
  trial?: number | null;
  trials?: number | null;
  members?: { model: string; trial: number; weight: number }[];
  chosen?: boolean;
  error?: string;
}

export interface TrialRow {
  model: string;
  trial: number;
  value: number | null;
  error: string | null;
  params: Record<string, unknown>;
  fits: number;
  cpuSeconds: number;
  peakMb: number | null;
  takenOver: number;
}

export interface Importance {
  feature: string;
  permutation: number;
  deviation: number;
  contribution: number | null;
  dependence: { value: number | string; mean: number }[] | ClusterShape[] | null;
}

/** What a column is like in a cluster: of a number mean and deviation, of a category its most frequent level. */
export interface ClusterShape {
  cluster: number;
  rows: number;
  mean?: number | null;
  deviation?: number | null;
  level?: string | null;
  share?: number | null;
}

/** Throws `InvalidInput` where the ledger has no such run. */
export async function loadTrainingReport(database: Database, runId: string): Promise<TrainingReport> {
  const run = await readRun(database, runId);
  const request = trainingRequestOf(run);
  const [
    data,
    phases,
    missing,
    trials,
    selection,
    board,
    refit,
    evaluations,
    importances,
    checks,
    cost,
    fits,
  ] = await Promise.all([
    readDataRow(database, runId, request.dataVersion),
    readUnits(database, runId),
    missingFits(database, runId),
    readTrials(database, runId),
    readSelection(database, runId),
    database.query<{ leaderboard: BoardRow[] }>(
      'select leaderboard from training_selections where run_id = $1',
      [runId],
    ),
    readRefit(database, runId),
    readEvaluations(database, runId),
    readImportances(database, runId),
    readChecks(database, runId),
    readJobCosts(database, runId),
    database.query<{ due: number; complete: number }>(
      `select count(*)::integer as due, (count(*) filter (where verdict = 'complete'))::integer as complete
           from units where run_id = $1 and kind = 'fit'`,
      [runId],
    ),
  ]);
  return {
    run,
    request,
    data,
    phases,
    missing,
    trials,
    selection: selection ?? null,
    board: board.rows[0]?.leaderboard ?? [],
    refit: refit ?? null,
    evaluations,
    importances,
    checks,
    cost,
    fits: fits.rows[0]!,
  };
}

async function readDataRow(
  database: Database,
  runId: string,
  dataVersion: string,
): Promise<TrainingData | null> {
  const found = await database.query<TrainingData>(
    `select task, task_reason as "taskReason", target, is_synthetic as synthetic, file_rows as "fileRows", rows,
            dropped, columns, jsonb_array_length(features) as features, coalesce(classes, '[]') as classes, summary,
            warnings, split,
            versions || coalesce((select jsonb_object_agg(key, version)
                                    from (select each.key, string_agg(distinct each.value, ', ' order by each.value) as version
                                            from training_fits f, jsonb_each_text(f.versions) each
                                           where f.run_id = $2 group by each.key) fitted), '{}') as versions
       from training_data where data_version = $1`,
    [dataVersion, runId],
  );
  return found.rows[0] ?? null;
}

async function readTrials(database: Database, runId: string): Promise<TrialRow[]> {
  const found = await database.query<TrialRow>(
    `select model, trial, case when bool_and(status = 'complete') then avg(value) end as value,
            min(error) as error, (array_agg(params order by fold))[1] as params, count(*)::integer as fits,
            coalesce(sum(cpu_seconds), 0) as "cpuSeconds", max(peak_mb) as "peakMb",
            (count(*) filter (where taken_over))::integer as "takenOver"
       from training_fits where run_id = $1 group by model, trial order by model, trial`,
    [runId],
  );
  return found.rows;
}

async function readImportances(database: Database, runId: string): Promise<Importance[]> {
  const found = await database.query<Importance>(
    `select feature, permutation, deviation, contribution, dependence
       from training_importances join training_refits using (run_id, model_id)
      where run_id = $1 order by permutation desc, feature`,
    [runId],
  );
  return found.rows;
}
