import type { Database } from '../database/pool.ts';
import { usualThroughput } from '../planning/chunks.ts';
import type { Throughput } from '../planning/chunks.ts';

/** Batches of fewer rows say more about starting than about working. */
export const tellingRows = 200_000;

/** How fast the newest batches of an engine made forecasts; what is usual where there are none. */
export async function readThroughput(database: Database, engine: string): Promise<Throughput> {
  const measured = await database.query<{ rowsPerSecond: number | null }>(
    `select sum(rows) / nullif(sum(seconds), 0) as "rowsPerSecond"
       from (select (result ->> 'rows')::double precision as rows,
                    extract(epoch from finished_at - started_at)::double precision as seconds
               from batches
              where job = 'forecast_infer' and state = 'SUCCEEDED' and engine = $1
                and (result ->> 'rows')::double precision >= $2
              order by finished_at desc limit 20) newest`,
    [engine, tellingRows],
  );
  const rowsPerSecond = measured.rows[0]?.rowsPerSecond;
  return rowsPerSecond == null ? usualThroughput : { rowsPerSecond };
}
