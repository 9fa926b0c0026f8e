/**
 * A database with a cross-validation in it without a model having been fitted: prepared folds, fits with their curves, a
 * selection, units and batches. Made-up figures, the same every time, shaped like the jobs' own rows.
 */
import type { Database } from '../../../../src/database/pool.ts';
import { readTestShare } from '../../../../src/kinds/cross-validation/running.ts';
import type { Verdict } from '../../../../src/ledger/units.ts';
import { leaderboard, selectSimplest } from '../../../../src/kinds/cross-validation/planning/selection.ts';
import { rows, seedData } from './data-rows.ts';
import { seedFits } from './fit-rows.ts';
import { hex } from './made-numbers.ts';
import { allModels, modelsOf, setsOf, usualGrid } from './wanted-cv.ts';
import type { FitScope, WantedCv } from './wanted-cv.ts';

export interface SeededCv {
  runId: string;
  key: string;
  labels: string[];
  metric: string;
  dataVersion: string;
}

/** Fills everything and answers the run. The caller owns the database. */
export async function seedCv(database: Database, wanted: WantedCv = {}): Promise<SeededCv> {
  const { task = 'survival', folds = task === 'survival' ? 5 : 4, upTo = 'fitted' } = wanted;
  const candidates =
    task === 'survival' ? modelsOf(wanted.models ?? allModels) : setsOf(wanted.grid ?? usualGrid);
  const metric = { survival: 'cindex_tau', classification: 'auc', regression: 'rmse' }[task];
  const name = { survival: 'flchain', classification: 'timeseries', regression: 'regression' }[task];
  const splitter = wanted.splitter ?? (task === 'survival' ? 'stratified' : 'timeSeries');
  const dataVersion = `0123456789abcde${task.length % 10}`;
  const key = `cv/${name}/0a1b2c3d`;
  const request = {
    parity: wanted.parity === true,
    ...{ dataVersion, name, source: `data/${name}.parquet`, sourceSha256: 'ab'.repeat(32), task },
    ...{ runType: 'sample', metric, folds, splitter, seed: 42, threads: 1 },
    models: candidates.map(({ strength: _, ...rest }) => rest),
    settings: { exclude: ['chapter'], completeRows: false },
  };
  const opened = await database.query<{ runId: string }>(
    `insert into runs (key, kind, dataset, status, workflow_id, workflow_run_id, priority, input, request, claimed_at, opened_at)
     values ($1, 'crossValidation', $2, $3, $1, 'r1', 5, $4, $5, now() - interval '100 seconds', now() - interval '100 seconds')
     returning run_id as "runId"`,
    [
      key,
      `cv/${name}`,
      wanted.status ?? 'running',
      JSON.stringify({ dataset: request.source, task }),
      JSON.stringify(request),
    ],
  );
  const runId = opened.rows[0]!.runId;
  const labels = candidates.map(({ label }) => label);
  const seeded = { runId, key, labels, metric, dataVersion };
  if (upTo === 'opened') return seeded;
  await seedData(database, { ...wanted, task, folds, splitter, dataVersion, name });
  const scope = { runId, dataVersion, task, folds, splitter, candidates, wanted };
  if (upTo === 'fitted') await seedFits(database, scope);
  await seedUnits(database, scope);
  await seedBatches(database, scope);
  const whole = Object.keys(wanted.failed ?? {}).length + (wanted.missing ?? []).length === 0;
  if (upTo === 'fitted' && (wanted.selected ?? whole)) await choose(database, seeded, scope);
  return seeded;
}

async function seedUnits(database: Database, scope: FitScope): Promise<void> {
  const { runId, candidates, folds, wanted } = scope;
  const verdictOf = (unit: string): Verdict =>
    wanted.upTo === 'prepared' || wanted.missing?.includes(unit)
      ? 'missing'
      : wanted.failed?.[unit]
        ? 'failed'
        : 'complete';
  const units = candidates.flatMap(({ label }) =>
    Array.from({ length: folds }, (_, i) => {
      const unit = `${label}/fold ${i + 1}`;
      const trouble = wanted.failed?.[unit];
      return {
        ...{
          unit,
          kind: 'fit',
          position: i + 1,
          verdict: verdictOf(unit),
          model_version: label,
          fingerprint: hex(16, unit),
        },
        ...{
          reason: trouble?.error ?? null,
          failure_type: trouble?.errorType ?? null,
          tries: trouble ? 2 : 0,
        },
      };
    }),
  );
  await database.query(
    `insert into units (run_id, unit, kind, position, verdict, attempt, rows_due, rows_found, reason, failure_type, tries,
                        model_version, fingerprint)
     select $1, unit, kind, position, verdict, 1, 1, (verdict = 'complete')::int, reason, failure_type, tries,
            model_version, fingerprint
       from jsonb_to_recordset($2) as u (unit text, kind text, position int, verdict text, reason text, failure_type text,
                                         tries int, model_version text, fingerprint text)`,
    [runId, JSON.stringify(units)],
  );
  const plan = { mode: 'mp', processes: 2, why: '31 s of work expected, less than 60 s', workSeconds: 31 };
  await database.query(
    `insert into units (run_id, unit, kind, position, verdict, attempt, started_at, finished_at, detail)
     values ($1, 'folds', 'phase', 0, 'complete', 1, now() - interval '99 seconds', now() - interval '95 seconds', '{}'),
            ($1, 'fit', 'phase', 1, 'complete', 1, now() - interval '95 seconds', now() - interval '5 seconds',
             jsonb_build_object('plan', $2::jsonb)),
            ($1, 'report', 'phase', 4, 'missing', 1, now(), null, '{}')`,
    [runId, JSON.stringify(plan)],
  );
}

async function seedBatches(database: Database, { runId, folds }: FitScope): Promise<void> {
  await database.query(
    `insert into batches (batch_id, run_id, unit, attempt, job, engine, priority, state, request, result, usage, workflow_id,
                          workflow_run_id, submitted_at, started_at, finished_at)
     select 'sf-cv-' || job || '-' || number, $1::uuid, unit, 1, job, 'local', 5, 'SUCCEEDED', '{}', '{}',
            jsonb_build_object('seconds', last - first, 'cpuSeconds', last - first, 'peakMb', 420), 'w', 'r1',
            base.at + interval '1 second' * first, base.at + interval '1 second' * first, base.at + interval '1 second' * last
       from (select now() - interval '99 seconds' as at) base,
            (select 'cv_prepare' as job, 'folds' as unit, 0 as number, 0.5::float8 as first, 4.0::float8 as last
             union all select 'cv_fit', 'fold ' || k, k, 5 + k, 20 + 8.0 * k from generate_series(1, $2::int) as k) b`,
    [runId, folds],
  );
}

/** As the run does it: the same functions decide. */
async function choose(
  database: Database,
  seeded: SeededCv,
  { folds, task, splitter }: FitScope,
): Promise<void> {
  const { rows: values } = await database.query<{
    model: string;
    paramsHash: string;
    fold: number;
    value: number;
  }>(
    `select model, params_hash as "paramsHash", fold, ${seeded.metric} as value from cv_fits
      where run_id = $1 and status = 'complete'`,
    [seeded.runId],
  );
  const { rows: requests } = await database.query<{ models: { label: string; paramsHash: string }[] }>(
    `select request -> 'models' as models from runs where run_id = $1`,
    [seeded.runId],
  );
  const labels = new Map(requests[0]!.models.map(({ label, paramsHash }) => [paramsHash, label]));
  // The newest fold of a time series is kept out of the choice.
  const deciding = Array.from({ length: splitter === 'timeSeries' ? folds - 1 : folds }, (_, i) => i + 1);
  const board = leaderboard(
    values.map((row) => ({ ...row, label: labels.get(row.paramsHash)! })),
    {
      ...{ metric: seeded.metric, higherIsBetter: task !== 'regression', order: seeded.labels },
      folds: deciding,
      testShare: await readTestShare(database, seeded.dataVersion, deciding),
    },
  );
  const { chosen, best } = selectSimplest(board, seeded.labels);
  await database.query(
    `insert into cv_selections (run_id, model, params_hash, metric, leaderboard, reason, refit) values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      ...[seeded.runId, chosen.model, chosen.paramsHash, seeded.metric, JSON.stringify(board)],
      chosen.label === best.label
        ? `${best.label} has the best mean, and no simpler model comes within one standard error of it.`
        : `${chosen.label} is kept although ${best.label} has the best mean: their difference is within its standard error.`,
      JSON.stringify({
        ...{
          modelFiles: [`models/sample_${chosen.label}_20260131_093000/model.json`],
          predictions: 'predictions/survival_predictions_sample_20260131_093000.csv',
          artifacts: Array.from({ length: 12 }, (_, i) => `artifacts/file_${i}.csv`),
          root: 'objects/cv/results/sample/flchain/0a1b2c3d',
        },
        ...{ rows, seconds: 1.3, sha256: 'ef'.repeat(32) },
      }),
    ],
  );
}
