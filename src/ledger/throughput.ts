import type { Database } from '../database/pool.ts';
import { usualThroughput } from '../planning/chunks.ts';
import type { Throughput } from '../planning/chunks.ts';

/** Batches of fewer rows say more about starting than about working. */
export const tellingRows = 200_000;

/** How long a job is expected to take where nothing is known of it. */
const unknownSeconds = 60;

/** What a job took on an engine lately, in the middle of its newest batches. */
export async function usualSeconds(database: Database, engine: string, job: string): Promise<number> {
  const measured = await database.query<{ seconds: number | null }>(
    `select percentile_cont(0.5) within group (order by seconds) as seconds
       from (select extract(epoch from finished_at - started_at)::double precision as seconds
               from batches
              where job = $2 and engine = $1 and state = 'SUCCEEDED' and started_at is not null
              order by finished_at desc limit 20) newest`,
    [engine, job],
  );
  return measured.rows[0]?.seconds ?? unknownSeconds;
}

/** How fast the newest batches of an engine made forecasts into a sink; what is usual where there are none. */
export async function readThroughput(
  database: Database,
  engine: string,
  sink: string,
  usual: Throughput = usualThroughput,
): Promise<Throughput> {
  const measured = await database.query<{ rowsPerSecond: number | null }>(
    `select sum(rows) / nullif(sum(seconds), 0) as "rowsPerSecond"
       from (select (result ->> 'rows')::double precision as rows,
                    extract(epoch from finished_at - started_at)::double precision as seconds
               from batches
              where job = 'forecast_infer' and state = 'SUCCEEDED' and engine = $1
                and (result ->> 'rows')::double precision >= $2 and coalesce(result ->> 'sink', 'postgres') = $3
              order by finished_at desc limit 20) newest`,
    [engine, tellingRows, sink],
  );
  const rowsPerSecond = measured.rows[0]?.rowsPerSecond;
  return rowsPerSecond == null ? usual : { rowsPerSecond };
}
