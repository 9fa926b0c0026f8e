/** What a day of a pool is booked at: the APY that its source says, unless that cannot be one. */
import type { Database } from '../../database/pool.ts';
import type { Day } from '../../planning/days.ts';
import { implausibleApy, leastUsualDays, usualDays } from '../plausible.ts';
import type { PoolParameters } from '../settings.ts';

export interface Yields {
  /** Percent points a year; undefined where nothing is known of the pool on the day. */
  apyOf: (poolId: string, day: Day) => number | undefined;
  /** What was not believed, each in one line. */
  warnings: string[];
}

/**
 * The APYs of these pools from day `from` to the day before `to`. One that is not plausible counts as the pool's usual
 * one (the median of the days before; 0 where there are too few), unless the settings ask to have it booked.
 */
export async function readYields(
  database: Pick<Database, 'query'>,
  { dataset, from, to }: { dataset: string; from: Day; to: Day },
  poolIds: readonly string[],
  parameters: PoolParameters,
): Promise<Yields> {
  const { rows } = await database.query<{ poolId: string; date: Day; apy: number; usual: number | null }>(
    `select m.pool_id as "poolId", m.date, m.actual_apy as apy, past.usual
       from pool_daily_metrics m
       left join lateral (
         select percentile_cont(0.5) within group (order by h.apy) as usual
           from pool_history h
          where h.dataset = m.dataset and h.pool_id = m.pool_id and h.date < m.date and h.date >= m.date - $5::integer
         having count(*) >= $6) past on true
      where m.dataset = $1 and m.date >= $2 and m.date < $3 and m.pool_id = any($4) and m.actual_apy is not null
      order by m.date, m.pool_id`,
    [dataset, from, to, [...new Set(poolIds)], usualDays, leastUsualDays],
  );
  const booked = new Map<string, number>();
  const warnings: string[] = [];
  for (const { poolId, date, apy, usual } of rows) {
    const why = implausibleApy(apy, usual, parameters);
    const believed = why === undefined || parameters.pool_apy_book_implausible;
    booked.set(`${poolId} ${date}`, believed ? apy : (usual ?? 0));
    if (why === undefined) continue;
    warnings.push(
      believed
        ? `${poolId} was booked ${apy} % a year on ${date}, as pool_apy_book_implausible asks: ${why}`
        : `${poolId} was booked ${usual ?? 0} % a year on ${date}, its usual APY: ${why}`,
    );
  }
  return { apyOf: (poolId, day) => booked.get(`${poolId} ${day}`), warnings };
}
