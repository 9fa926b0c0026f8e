import type { Dependencies } from '../../activities/dependencies.ts';
import { inTransaction } from '../../database/pool.ts';
import { readRun } from '../../ledger/runs.ts';
import { passFence } from '../../ledger/units.ts';
import type { Fence } from '../../ledger/units.ts';
import { groupingDays, groupOver } from '../../pools/grouping.ts';
import type { GroupingFigures } from '../../pools/grouping.ts';
import { iceboxOn } from '../../pools/icebox.ts';
import type { Candle } from '../../pools/icebox.ts';
import { settingsOfRun } from './settings-snapshot.ts';

/**
 * The second half of phase metrics: groups on the last complete day (by the original's rule on the run date itself) and
 * the icebox. Safe to repeat: it writes what the metrics and the candles say, in one transaction.
 */
export async function groupPools(deps: Dependencies, { fence }: { fence: Fence }): Promise<void> {
  const { dataset, date, input } = await readRun(deps.database, fence.runId);
  const { parameters, approvedTokens } = await settingsOfRun(deps, fence.runId);
  const rule = input['parity'] === true ? 'parity' : 'corrected';
  const figures = await deps.database.query<{ poolId: string; days: GroupingFigures[] }>(
    `with last_day as (
       select case when $3 then $2::date
                   else (select max(date) from pool_history where dataset = $1 and date < $2) end as date
     )
     select p.pool_id as "poolId",
            -- a pool without figures on the last day has none: what it was before does not vote for it
            case when bool_or(m.date = l.date) then
              json_agg(json_build_object('apyDelta', m.apy_delta_today_yesterday, 'stddev7d', m.stddev_apy_7d,
                                         'stddev30d', m.stddev_apy_30d, 'stddev7dDelta', m.stddev_apy_7d_delta,
                                         'stddev30dDelta', m.stddev_apy_30d_delta) order by m.date)
              else '[]' end as days
       from pools p
       cross join last_day l
       left join pool_daily_metrics m
              on m.dataset = p.dataset and m.pool_id = p.pool_id and m.metrics_version is not null
             and m.date > l.date - $4::integer and m.date <= l.date
      where p.dataset = $1 and p.is_active
      group by p.pool_id
      order by p.pool_id`,
    [dataset, date, rule === 'parity', rule === 'parity' ? 1 : groupingDays],
  );
  const groups = figures.rows.map(({ days }) => groupOver(days, parameters, rule));
  const candles = await deps.database.query<Candle>(
    'select symbol, date, low, close from token_prices_daily where dataset = $1 and date < $2',
    [dataset, date],
  );
  const icebox = iceboxOn(date!, candles.rows, approvedTokens, parameters);
  await inTransaction(deps.database, async (client) => {
    await client.query(
      `insert into pool_daily_metrics (dataset, pool_id, date, pool_group)
       select $1, grouped.pool_id, $2, grouped.pool_group
         from unnest($3::text[], $4::integer[]) as grouped (pool_id, pool_group)
       on conflict (dataset, pool_id, date) do update set pool_group = excluded.pool_group`,
      [dataset, date, figures.rows.map(({ poolId }) => poolId), groups],
    );
    await client.query('delete from icebox_tokens where dataset = $1 and date = $2', [dataset, date]);
    await client.query(
      `insert into icebox_tokens (dataset, date, token_symbol, since, reason)
       select $1, $2, boxed.symbol, boxed.since, boxed.reason
         from unnest($3::text[], $4::date[], $5::text[]) as boxed (symbol, since, reason)`,
      [
        dataset,
        date,
        icebox.tokens.map(({ symbol }) => symbol),
        icebox.tokens.map(({ since }) => since),
        icebox.tokens.map(({ reason }) => reason),
      ],
    );
    await client.query('update allocation_parameters set icebox_tokens_snapshot = $2 where run_id = $1', [
      fence.runId,
      JSON.stringify(icebox.tokens.map(({ symbol, reason }) => ({ token_symbol: symbol, reason }))),
    ]);
    await passFence(client, fence, {
      detail: { stalePrices: icebox.stale, unpricedTokens: icebox.unpriced },
    });
  });
}
