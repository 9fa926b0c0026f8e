import type { PoolClient } from '../../database/pool.ts';

/** A pool's own flag is that of the newest day it was judged on: a day that is looked at again later leaves it alone. */
export async function followNewestVerdict(client: PoolClient, dataset: string, date: string): Promise<void> {
  await client.query(
    `update pools p set currently_filtered_out = m.is_filtered_out
       from pool_daily_metrics m
      where p.dataset = $1 and m.dataset = p.dataset and m.pool_id = p.pool_id and m.date = $2
        and p.currently_filtered_out is distinct from m.is_filtered_out
        and not exists (select 1 from pool_daily_metrics l
                         where l.dataset = $1 and l.pool_id = p.pool_id and l.date > $2)`,
    [dataset, date],
  );
}
