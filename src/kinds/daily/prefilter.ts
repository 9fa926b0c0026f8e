import type { Dependencies } from '../../activities/dependencies.ts';
import { inTransaction } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';
import { readRun } from '../../ledger/runs.ts';
import { passFence } from '../../ledger/units.ts';
import type { Fence } from '../../ledger/units.ts';
import { reasonKinds } from '../../pools/judgement.ts';
import * as prefilter from '../../pools/prefilter.ts';
import { followNewestVerdict } from './pool-flags.ts';
import { settingsOfRun } from './settings-snapshot.ts';

/**
 * Phase prefilter: judges every active pool and writes its row of the run date. Safe to repeat: it replaces what stands
 * there, in one transaction. A day on which nobody passes is refused before anything is written.
 */
export async function prefilterPools(deps: Dependencies, { fence }: { fence: Fence }): Promise<void> {
  const { dataset, date } = await readRun(deps.database, fence.runId);
  const pools = await deps.database.query<prefilter.PoolToJudge>(
    `select p.pool_id as "poolId", p.protocol, p.chain, p.symbol, p.poolmeta as "poolMeta",
            p.underlying_tokens as "underlyingTokens", p.underlying_token_addresses as "underlyingTokenAddresses",
            coalesce(h.tvl, p.tvl) as tvl
       from pools p
       -- what was known at the run, not what the feed says of the pool today
       left join lateral (select tvl from pool_history h
                           where h.dataset = p.dataset and h.pool_id = p.pool_id and h.date < $2
                           order by h.date desc limit 1) h on true
      where p.dataset = $1 and p.is_active`,
    [dataset, date],
  );
  const judged = prefilter.prefilterPools(pools.rows, await settingsOfRun(deps, fence.runId), date!);
  if (!judged.some(({ passed }) => passed)) {
    throw new Failure(
      'InvalidInput',
      `None of the ${judged.length} pools passes the filters on ${date}: ${mostFrequent(judged)}. Check the data or config/pools.`,
    );
  }
  await inTransaction(deps.database, async (client) => {
    // What an earlier start of the day said of a pool that its source no longer has.
    await client.query(
      `delete from pool_daily_metrics m using pools p
        where m.dataset = $1 and m.date = $2 and p.dataset = m.dataset and p.pool_id = m.pool_id and not p.is_active`,
      [dataset, date],
    );
    await client.query(
      `insert into pool_daily_metrics as m (dataset, pool_id, date, is_filtered_out, filter_reason, prefilter_reason)
       select $1, judged.pool_id, $2, judged.reason is not null, judged.reason, judged.reason
         from unnest($3::text[], $4::text[]) as judged (pool_id, reason)
       on conflict (dataset, pool_id, date) do update
          set is_filtered_out = excluded.is_filtered_out, filter_reason = excluded.filter_reason,
              prefilter_reason = excluded.prefilter_reason
        -- the same verdict again (another run on the same day) leaves the final filter's as it is
        where m.prefilter_reason is distinct from excluded.prefilter_reason`,
      [dataset, date, judged.map(({ poolId }) => poolId), judged.map(({ reason }) => reason)],
    );
    await followNewestVerdict(client, dataset, date!);
    await passFence(client, fence, {
      rowsDue: judged.length,
      detail: { passed: judged.filter(({ passed }) => passed).length },
    });
  });
}

function mostFrequent(judged: readonly prefilter.PoolJudgement[]): string {
  const counts = new Map<string, number>();
  for (const kind of judged.flatMap(({ reason }) => reasonKinds(reason ?? ''))) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted
    .slice(0, 3)
    .map(([kind, count]) => `${kind} (${count})`)
    .join(', ');
}
