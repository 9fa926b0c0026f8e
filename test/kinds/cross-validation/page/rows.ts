/**
 * A database with a cross-validation in it without a model having been fitted: prepared folds, fits with their curves, a
 * selection, units and batches. Made-up figures, the same every time, shaped like the jobs' own rows.
 */
import type { Database } from '../../../../src/database/pool.ts';
import { readTestShare } from '../../../../src/kinds/cross-validation/running.ts';
import type { Verdict } from '../../../../src/ledger/units.ts';
import { leaderboard, selectSimplest } from '../../../../src/kinds/cross-validation/planning/selection.ts';

export interface WantedCv {
  task?: 'survival' | 'classification' | 'regression';
  /** Models of a survival run, the simplest first. */
  models?: string[];
  /** Values by parameter of a grid. */
  grid?: Record<string, (number | string)[]>;
  classes?: string[];
  folds?: number;
  splitter?: string;
  synthetic?: boolean;
  /** Fits that are not there: `label/fold k`. */
  failed?: Record<string, { errorType: string; error: string }>;
  missing?: string[];
  parity?: boolean;
  /** Without it, the run has nothing chosen. */
  selected?: boolean;
  status?: string;
  /** No fits at all, or not even data. */
  upTo?: 'opened' | 'prepared' | 'fitted';
}

export interface SeededCv {
  runId: string;
  key: string;
  labels: string[];
  metric: string;
  dataVersion: string;
}

/** From 0 to 1, the same every time. */
export function chance(...of: (string | number)[]): number {
  let state = 2166136261;
  for (const character of of.join('/')) {
    state = Math.imul(state ^ character.charCodeAt(0), 16777619);
  }
  state = Math.imul(state ^ (state >>> 15), 2246822507);
  state = Math.imul(state ^ (state >>> 13), 3266489909);
  return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32;
}

const noise = (...of: (string | number)[]) => chance('a', ...of) + chance('b', ...of) - 1;
const rounded = (value: number) => Math.round(value * 1e6) / 1e6;

export const allModels = [
  'cox_ph',
  'coxnet',
  'weibull_aft',
  'cox_stratified',
  'gbsa',
  'xgb_cox',
  'lgb_cox',
  'rsf',
];
export const usualGrid = {
  lambda_l1: [0.3, 12, 40],
  max_depth: [10, 15, 17],
  feature_fraction: [0.1, 0.3, 0.4],
  lambda_l2: [0.01, 0.1],
};

const strata = ['F / no', 'M / no', 'F / yes', 'M / yes'];
const horizons = [500, 1500, 3000];
const rows = 7_871;
const events = 2_166;

interface Candidate {
  label: string;
  model: string;
  params: Record<string, number | string | boolean>;
  paramsHash: string;
  /** What its figures hang on. */
  strength: number;
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

function modelsOf(models: readonly string[]): Candidate[] {
  return models.map((model, i) => ({
    ...{ label: model, model, paramsHash: hex(8, model), strength: 0.004 * noise('strength', model) },
    params: model.startsWith('cox') ? { ridge: 1, max_iter: 100 } : { trees: 100 + i, rate: 0.1 },
  }));
}

function setsOf(grid: Record<string, (number | string)[]>): Candidate[] {
  const names = Object.keys(grid);
  let sets: Record<string, number | string>[] = [{}];
  for (const name of names) {
    sets = sets.flatMap((set) => grid[name]!.map((value) => ({ ...set, [name]: value })));
  }
  return sets.map((set, i) => ({
    label: `lightgbm ${i + 1}`,
    model: 'lightgbm',
    paramsHash: hex(8, `lightgbm ${i + 1}`),
    params: { num_leaves: 2048, learning_rate: 0.03, ...set },
    strength:
      0.02 * Number(set['feature_fraction'] ?? 0) -
      0.0002 * Number(set['lambda_l1'] ?? 0) +
      0.0003 * Number(set['max_depth'] ?? 0),
  }));
}

function hex(digits: number, of: string): string {
  return Array.from({ length: digits }, (_, i) => Math.floor(chance(of, i) * 16).toString(16)).join('');
}

interface DataScope {
  task: 'survival' | 'classification' | 'regression';
  folds: number;
  splitter: string;
  dataVersion: string;
  name: string;
  synthetic?: boolean;
  classes?: string[];
}

async function seedData(database: Database, scope: DataScope): Promise<void> {
  const { task, dataVersion, name, folds, synthetic = false, classes } = scope;
  const survival = task === 'survival';
  const summary = survival
    ? {
        events,
        horizons,
        strata: strata.map((stratum, i) => ({
          ...{ stratum, rows: 3_000 - 700 * i, events: 800 - 180 * i, eventRate: 0.27 },
          ...{ meanTime: 3_600, medianTime: 4_100.5, minTime: 1, maxTime: 5_166 },
        })),
      }
    : {
        ...(task === 'classification' && {
          classes: classes
            ? Object.fromEntries(classes.map((each) => [each, Math.round(rows / classes.length)]))
            : { 0: 4_722, 1: 3_149 },
        }),
        ...(task === 'regression' && { target: { mean: 51.2, deviation: 18.4, min: -3.1, max: 104.9 } }),
        samples: synthetic
          ? ['trend', 'weekly', 'monthly', 'autocorrelation'].map((component, i) => ({
              ...{ name: `feature_${i}`, component },
              values: Array.from({ length: 200 }, (_, t) =>
                rounded(
                  (i === 0 ? 0.02 * t : Math.sin((2 * Math.PI * t) / (i === 1 ? 24 : 90))) +
                    noise('sample', i, t),
                ),
              ),
            }))
          : [],
      };
  await database.query(
    `insert into cv_data (data_version, name, source, source_sha256, task, is_synthetic, rows, dropped, features, left_out,
                          warnings, summary, hazards, settings, membership_sha256, versions, result_version, object_root, seconds)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, $17, 1.4)`,
    [
      ...[dataVersion, name, `data/${name}.parquet`, 'ab'.repeat(32), task, synthetic, rows],
      JSON.stringify(survival ? { 'time <= 0': 3 } : {}),
      JSON.stringify([
        { name: 'age', kind: 'numeric', missing: 0 },
        { name: 'creatinine', kind: 'numeric', missing: 1_350 },
        { name: 'sex', kind: 'categorical', levels: 2, missing: 0 },
      ]),
      JSON.stringify(survival ? [{ name: 'chapter', reason: 'excluded by the request' }] : []),
      JSON.stringify(
        survival ? ['chapter separates events nearly perfectly (0.99): is it known before the event?'] : [],
      ),
      JSON.stringify(summary),
      survival
        ? JSON.stringify([
            { column: 'age', chi2: 31.2, p: 2.3e-8, pHolm: 4.6e-8, flagged: true },
            { column: 'creatinine', chi2: 0.7, p: 0.402, pHolm: 0.402, flagged: false },
          ])
        : null,
      JSON.stringify({ time: 'time', event: 'event', folds, seed: 42, splitter: scope.splitter }),
      ...[
        'cd'.repeat(32),
        JSON.stringify({ numpy: '2.3.4', lightgbm: '4.7.0' }),
        `objects/cv/${dataVersion}`,
      ],
    ],
  );
  const block = Math.floor(rows / (folds + 1));
  for (let fold = 1; fold <= folds; fold++) {
    const ordered = scope.splitter === 'timeSeries';
    const [train, test] = ordered
      ? [block * fold, block]
      : [rows - Math.floor(rows / folds), Math.floor(rows / folds)];
    const two = survival || (task === 'classification' && classes === undefined);
    await database.query(
      `insert into cv_folds (data_version, fold, train_rows, test_rows, train_events, test_events, columns, detail)
       values ($1, $2, $3, $4, $5, $6, 9, $7)`,
      [
        ...[dataVersion, fold, train, test],
        ...(two ? [Math.round(train * 0.4), Math.round(test * (0.38 + 0.01 * fold))] : [null, null]),
        JSON.stringify({
          ...(survival && { grid: gridOf(fold), tau: gridOf(fold).at(-1), horizons }),
          ...(ordered && { train: [0, train - 1], test: [train, train + test - 1] }),
          ...(classes && {
            classes: {
              test: Object.fromEntries(classes.map((each) => [each, Math.round(test / classes.length)])),
            },
          }),
        }),
      ],
    );
  }
}

function gridOf(fold: number): number[] {
  return Array.from({ length: 50 }, (_, i) => rounded(215 + 3 * fold + (i * (4_800 - 5 * fold)) / 49));
}

interface FitScope {
  runId: string;
  dataVersion: string;
  task: 'survival' | 'classification' | 'regression';
  folds: number;
  splitter: string;
  candidates: Candidate[];
  wanted: WantedCv;
}

async function seedFits(database: Database, scope: FitScope): Promise<void> {
  const { runId, dataVersion, task, candidates, folds, wanted } = scope;
  const fits = candidates.flatMap((candidate, rank) =>
    Array.from({ length: folds }, (_, i) => i + 1).flatMap((fold): object[] => {
      const unit = `${candidate.label}/fold ${fold}`;
      if (wanted.missing?.includes(unit)) return [];
      const trouble = wanted.failed?.[unit];
      const base = {
        ...{ run_id: runId, model: candidate.model, fold, params_hash: candidate.paramsHash },
        ...{
          fit_key: hex(16, unit),
          data_version: dataVersion,
          run_type: 'sample',
          params: candidate.params,
        },
        ...{ train_rows: 6_297, test_rows: 1_574, seed: 42, threads: 1, attempt: 1 },
        versions: { numpy: '2.3.4', 'scikit-survival': '0.28.0' },
      };
      if (trouble)
        return [
          { ...base, status: 'failed', error_type: trouble.errorType, error: trouble.error, detail: {} },
        ];
      const cpu = 0.2 + 2 * rank * chance('cpu', unit);
      return [
        {
          ...{
            ...base,
            status: 'complete',
            seconds: 1.05 * cpu,
            cpu_seconds: cpu,
            peak_mb: 180 + 40 * chance('mb', unit),
          },
          ...figuresOf(task, candidate, fold),
          best_iteration: task === 'survival' ? null : 300 + 10 * fold,
          detail: {
            ...(task === 'survival' ? curvesOf(candidate, fold) : reportOf(task, fold, wanted.classes)),
            stages: { load: 0.02, fit: 0.8 * cpu, predict: 0.05, metrics: 0.08, store: 0.01 },
            notes: candidate.model === 'coxnet' ? ['the smallest of 100 penalties is used'] : [],
          },
        },
      ];
    }),
  );
  const columns = [...new Set(fits.flatMap((fit) => Object.keys(fit)))].join();
  await database.query(
    `insert into cv_fits (${columns}) select ${columns} from jsonb_populate_recordset(null::cv_fits, $1)`,
    [JSON.stringify(fits)],
  );
}

function figuresOf(
  task: FitScope['task'],
  { strength, label }: Candidate,
  fold: number,
): Record<string, number> {
  const hard = 0.012 * noise('fold', fold);
  const own = 0.002 * noise(label, fold);
  const at = (base: number, scale = 1) => base + scale * (strength + hard + own);
  if (task === 'survival') {
    return {
      ...{ cindex_tau: at(0.785), cindex: at(0.776, 2), cindex_harrell: at(0.787) },
      ...{ ibs: at(0.1049, -0.5), mean_auc: at(0.819), weighted_auc: at(0.817) },
    };
  }
  if (task === 'regression') return { rmse: at(12.4, -9), mae: at(9.1, -6), r2: at(0.71, 2) };
  return {
    ...{ accuracy: at(0.915), precision: at(0.93), recall: at(0.88), f1: at(0.904), auc: at(0.96) },
    log_loss: at(0.21, -1),
  };
}

function curvesOf({ label, strength }: Candidate, fold: number): object {
  const grid = gridOf(fold);
  const survival = (rate: number) => grid.map((t) => rounded(Math.exp(-rate * (t / 5_000))));
  return {
    grid,
    tau: grid.at(-1),
    auc: grid.map((t) =>
      rounded(0.8 + strength * 4 + 0.03 * Math.sin(t / 1_500) + 0.004 * noise(label, fold, t)),
    ),
    brier: grid.map((t) => rounded((0.16 - strength) * (1 - Math.exp(-t / 2_000)))),
    km: survival(0.36 + 0.01 * noise('km', fold)),
    mean_survival: survival(0.35),
    horizons: horizons.map((t) => ({
      ...{ t, brier: 0.06 + t / 40_000, auc: 0.82, predicted: 0.9, observed: 0.89 },
      calibration: Array.from({ length: 10 }, (_, i) => ({
        ...{ rows: 157, predicted: rounded(0.5 + 0.05 * i) },
        observed: rounded(0.5 + 0.05 * i + 0.06 * noise(label, fold, t, i)),
      })),
    })),
    strata: strata.map((stratum, i) => ({
      ...{ stratum, rows: 600 - 140 * i, events: 160 - 36 * i, cindex_tau: 0.78, ibs: 0.1 },
      ...{
        mean_survival: survival(0.25 + 0.1 * i),
        km: survival(0.24 + 0.12 * i),
        mean_risk: 0.1,
        sd_risk: 0.9,
      },
      sd_survival: survival(2),
    })),
  };
}

function reportOf(task: FitScope['task'], fold: number, classes: readonly string[] = ['0', '1']): object {
  if (task === 'regression') return { stopped_on: 'rmse', trees: 320, leaves: 64 };
  return {
    ...{ stopped_on: 'binary_logloss', trees: 320, leaves: 64 },
    classification_report: Object.fromEntries(
      classes.map((each, i) => [
        each,
        { precision: 0.93 - 0.02 * i, recall: 0.88 + 0.01 * fold, f1: 0.9, rows: 900 - 100 * i },
      ]),
    ),
  };
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
