/** What the ledger says of runs of forecasts: of backfills, of training alone, of audits. */
import type { Database } from '../../database/pool.ts';
import type { Reason } from '../../ledger/reason.ts';
import type { Run } from '../../ledger/runs.ts';
import { unitRanges } from '../../ledger/unit-ranges.ts';
import type { UnitRange } from '../../ledger/unit-ranges.ts';
import { requestOf } from './forecasts.ts';
import { rangeText } from './planning/dates.ts';

export async function forecastCounts(database: Database, run: Run): Promise<Record<string, number>> {
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

/** Why dates and windows are not complete, as ranges. */
export async function explainDates(database: Database, run: Run): Promise<Reason[]> {
  const ranges = await unitRanges(database, run.runId);
  return ranges.filter(({ verdict }) => verdict !== 'skipped').map((range) => explainRange(run, range));
}

/** Neighbouring dates or windows that share a verdict and its reason. */
function explainRange({ key }: Run, range: UnitRange): Reason {
  const what = range.kind === 'window' ? 'training window' : 'date';
  const days = rangeText(range);
  return {
    subject: `${range.modelVersion} ${what} ${days} (${range.units}) ${range.verdict}`,
    text: range.reason ?? 'not done yet',
    ...(range.verdict === 'quarantined' && {
      advice: `mend the cause, then: npx sevenfold retry ${key} · or: npx sevenfold skip ${key} --dates ${days} --reason "…"`,
    }),
  };
}

/** The generated series of config/prices/SAMPLE.json. */
export function isSampleSeries(input: Record<string, unknown>): boolean {
  return String(input['commodity']).toUpperCase() === 'SAMPLE';
}
