import { createHash } from 'node:crypto';
import type { Database } from '../database/pool.ts';
import type { RunUnit } from '../planning/phases.ts';
import { requestOf } from './forecasts.ts';
import { resultVersion } from './result-versions.ts';
import type { Run } from './runs.ts';

/** Raised when the page of a backfill changes. */
const reportVersion = 1;

/** What a phase on prices would read now. What is done in chunks has none: its rows carry theirs. */
export async function priceFingerprint(database: Database, run: Run, unit: RunUnit): Promise<string> {
  switch (unit) {
    case 'evaluate': {
      const request = requestOf(run);
      const read = await database.query<{ forecasts: string; prices: string }>(
        `select (select md5(string_agg(fingerprint, '' order by forecast_id)) from forecast_metadata
                  where commodity = $1 and model_version = any ($2) and forecast_start_date between $3 and $4) as forecasts,
                (select rows || ':' || digest from price_digests($1) order by as_of desc limit 1) as prices`,
        [request.commodity, request.models.map(({ version }) => version), request.start, request.end],
      );
      return digest([resultVersion('forecast_evaluate'), read.rows[0]]);
    }
    case 'report': {
      // Neither the run's own times nor a repeated look make another page.
      const units = await database.query<{ state: string }>(
        `select md5(string_agg(concat_ws(' ', unit, verdict, rows_found, reason, committed_at), ',' order by unit)) as state
           from units where run_id = $1 and unit <> 'report' and (kind <> 'phase' or unit = 'evaluate')`,
        [run.runId],
      );
      return digest([reportVersion, units.rows[0]]);
    }
    default:
      // Asked for again, an import is done again: it is quick, and says itself that nothing has changed.
      return digest([unit, run.attempt]);
  }
}

function digest(parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
