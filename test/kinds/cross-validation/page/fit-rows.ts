/** Rows of fits with their figures and curves (rows.ts). */
import type { Database } from '../../../../src/database/pool.ts';
import { gridOf, horizons, strata } from './data-rows.ts';
import { chance, hex, noise, rounded } from './made-numbers.ts';
import type { Candidate, FitScope } from './wanted-cv.ts';

export async function seedFits(database: Database, scope: FitScope): Promise<void> {
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
