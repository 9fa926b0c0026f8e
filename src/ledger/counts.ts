import type { Database } from '../database/pool.ts';
import type { Run } from './runs.ts';

/** The figures a run is judged by at a glance. */
export async function countsOf(database: Database, run: Run): Promise<Record<string, number>> {
  if (run.kind === 'evaluatePools') {
    const evaluated = await database.query<Record<string, number>>(
      `select count(distinct date) as days, coalesce(max(pools), 0) as pools,
              (select count(*) from batches where run_id = $1) as batches
         from forecast_evaluation_days where run_id = $1`,
      [run.runId],
    );
    return evaluated.rows[0]!;
  }
  const counted = await database.query<Record<string, number>>(
    `select (select count(*) from pools where dataset = $1 and is_active) as pools,
            (select count(*) from pool_daily_metrics m join pools p using (dataset, pool_id)
              where m.dataset = $1 and m.date = $2 and p.is_active and not m.is_filtered_out) as "poolsPassed",
            (select count(*) from pool_forecasts where dataset = $1 and date = $2) as "poolsForecast",
            (select coalesce(max(pools_held), 0) from allocations where run_id = $3) as "poolsHeld",
            (select count(*) from asset_allocations where run_id = $3 and operation <> 'HOLD') as transactions,
            (select coalesce(rows_found, 0) from units where run_id = $3 and unit = 'metrics') as "metricsRows",
            (select count(*) from batches where run_id = $3) as batches`,
    [run.dataset, run.date, run.runId],
  );
  return counted.rows[0]!;
}
