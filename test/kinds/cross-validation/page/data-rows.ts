/** Rows of prepared data and their folds (rows.ts). */
import type { Database } from '../../../../src/database/pool.ts';
import { noise, rounded } from './made-numbers.ts';

export const strata = ['F / no', 'M / no', 'F / yes', 'M / yes'];
export const horizons = [500, 1500, 3000];
export const rows = 7_871;
const events = 2_166;

interface DataScope {
  task: 'survival' | 'classification' | 'regression';
  folds: number;
  splitter: string;
  dataVersion: string;
  name: string;
  synthetic?: boolean;
  classes?: string[];
}

export async function seedData(database: Database, scope: DataScope): Promise<void> {
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

export function gridOf(fold: number): number[] {
  return Array.from({ length: 50 }, (_, i) => rounded(215 + 3 * fold + (i * (4_800 - 5 * fold)) / 49));
}
