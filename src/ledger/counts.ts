import type { Database } from '../database/pool.ts';
import { cvCounts } from './cv.ts';
import { requestOf } from './forecasts.ts';
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
  if (run.kind === 'importPrices') {
    const imported = await database.query<Record<string, number>>(
      `select coalesce((result ->> 'rows')::integer, 0) as rows, coalesce((result ->> 'commodities')::integer, 0) as commodities
         from (select detail as result from units where run_id = $1 and unit = 'import') u`,
      [run.runId],
    );
    return imported.rows[0]!;
  }
  if (run.kind === 'crossValidation') return cvCounts(database, run);
  if (run.request !== null) return forecastCounts(database, run);
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

async function forecastCounts(database: Database, run: Run): Promise<Record<string, number>> {
  const { commodity, models, start, end, horizon } = requestOf(run);
  const counted = await database.query<Record<string, number>>(
    `select coalesce(sum(rows_found) filter (where kind = 'date'), 0)::double precision as rows,
            coalesce(sum(rows_due) filter (where kind = 'date' and verdict <> 'skipped'), 0)::double precision
              as "rowsDue",
            (select count(*) from point_forecasts p
              where p.commodity = $2 and p.model_version = any ($3)
                and p.forecast_start_date between $4 and $5) as points,
            (count(*) filter (where kind = 'date' and verdict <> 'skipped')) * $6::integer as "pointsDue",
            count(*) filter (where kind = 'date') as dates,
            count(*) filter (where kind = 'date' and verdict = 'complete') as complete,
            count(*) filter (where kind = 'date' and verdict = 'skipped') as skipped,
            count(*) filter (where kind = 'date' and verdict = 'quarantined') as quarantined,
            count(*) filter (where kind = 'date' and verdict not in ('complete', 'skipped')) as failed,
            count(*) filter (where kind = 'window') as windows,
            count(*) filter (where kind = 'window' and verdict = 'complete') as "windowsComplete",
            (select count(*) from batches b where b.run_id = $1) as batches
       from units where run_id = $1`,
    [run.runId, commodity, models.map(({ version }) => version), start, end, horizon],
  );
  return counted.rows[0]!;
}
