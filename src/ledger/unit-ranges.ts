import type { Database } from '../database/pool.ts';
import type { Day } from '../planning/days.ts';
import type { Verdict } from './units.ts';

/** Neighbouring units of one model with one verdict and one reason. */
export interface UnitRange {
  kind: string;
  modelVersion: string;
  verdict: Verdict;
  reason: string | null;
  first: Day;
  last: Day;
  units: number;
}

/** What is not complete, as ranges: a hundred thousand dates read as a few lines. */
export async function unitRanges(database: Database, runId: string, most = 200): Promise<UnitRange[]> {
  const found = await database.query<UnitRange>(
    `with numbered as (
       select kind, model_version, verdict, reason, date,
              row_number() over (partition by kind, model_version order by date)
              - row_number() over (partition by kind, model_version, verdict, reason order by date) as island
         from units where run_id = $1 and kind <> 'phase' and date is not null
     )
     select kind, model_version as "modelVersion", verdict, reason, min(date) as first, max(date) as last,
            count(*)::integer as units
       from numbered where verdict <> 'complete'
      group by kind, model_version, verdict, reason, island
      order by kind desc, model_version, min(date) limit $2`,
    [runId, most],
  );
  return found.rows;
}
