/** What was forecast for a rich day (rich-day.ts) and the days before it, and how good the forecasts are. */
import type { Database } from '../../../../src/database/pool.ts';
import { addDays } from '../../../../src/planning/days.ts';
import type { Day } from '../../../../src/planning/days.ts';
import { actualApy, noise, richDate, richPools, round } from './rich-pools.ts';
import { openRun } from './rich-runs.ts';

/** Forecasts of every day, as the run of that day would have made them from the day before. */
export async function fillForecasts(database: Database, dataset: string, days: Day[]): Promise<void> {
  for (const [i, each] of richPools.entries()) {
    if (each.prefilter !== null) continue;
    for (const day of days) {
      const asof = actualApy(i, addDays(day, -1));
      const mean =
        Array.from({ length: 7 }, (_, k) => actualApy(i, addDays(day, -1 - k))).reduce((a, b) => a + b) / 7;
      const forecast = round(asof + 0.45 * (actualApy(i, day) - asof));
      await database.query(
        `insert into pool_forecasts (dataset, pool_id, date, asof, method, asof_apy, asof_tvl, mean_apy_7d, forecasted_apy,
                                     forecasted_tvl, tvl_q10, tvl_q90)
         values ($1, $2, $3, $3::date - 1, 'model', $4, $5, $6, $7, $5, $5::float8 * 0.97, $5::float8 * 1.04)`,
        [dataset, each.id, day, asof, each.tvl, round(mean), forecast],
      );
      await database.query(
        `insert into pool_daily_metrics (dataset, pool_id, date, forecasted_apy, forecasted_tvl)
         values ($1, $2, $3, $4, $5)
         on conflict (dataset, pool_id, date) do update
            set forecasted_apy = excluded.forecasted_apy, forecasted_tvl = excluded.forecasted_tvl`,
        [dataset, each.id, day, forecast, each.tvl],
      );
      const spread = 0.02 + [0, 0.02, 0.05, 0.12, 0.2][each.group]! * each.apy * 0.5;
      for (let horizon = 1; horizon <= 7; horizon++) {
        const width = spread * Math.sqrt(horizon);
        await database.query(`insert into pool_forecast_quantiles values ($1, $2, $3, $4, $5, $6, $7)`, [
          dataset,
          each.id,
          day,
          horizon,
          round(Math.max(0, forecast - width)),
          forecast,
          round(forecast + 1.2 * width),
        ]);
      }
    }
  }
  await database.query(
    `insert into pool_forecast_models (dataset, date, target, model, model_hash, shrink, rows, features, first_asof, last_asof,
                                       mae_model, mae_persistence, detail)
     values ($1, $2, 'apy', 'lightgbm', 'ab12', 0.35, 40000, 64, '2025-01-02', '2025-06-28', 0.2814, 0.3027,
             '{"days": 178, "pools": 2097, "knownRows": 371420}'),
            ($1, $2, 'tvl', 'lightgbm', 'cd34', 0.2, 18420, 61, '2025-01-02', '2025-06-28', 0.0131, 0.0132,
             '{"days": 178, "pools": 123, "knownRows": 18420}'),
            ($1, $2, 'gas_avg', 'lightgbm', 'ef56', 1, 402, 9, '2024-06-01', '2025-06-28', 0.41, 0.52, '{}')`,
    [dataset, richDate],
  );
  const evaluation = await openRun(database, dataset, null);
  for (let k = 0; k < 20; k++) {
    for (const [population, pools] of [
      ['passing', 37],
      ['all', 45],
    ] as const) {
      const persistence = round(0.35 + 0.1 * noise(k));
      await database.query(
        `insert into forecast_evaluation_days (run_id, date, population, pools, mae_model, mae_persistence, mae_mean_7d,
                                               coverage_80, shrink)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 0.35)`,
        [
          evaluation,
          addDays('2025-05-01', k),
          population,
          pools,
          round(persistence * (0.92 + 0.05 * noise(k + 7))),
          persistence,
          round(persistence * 1.4),
          round(0.8 + 0.06 * noise(k + 3)),
        ],
      );
    }
  }
}
