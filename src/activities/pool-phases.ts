import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Dependencies } from './dependencies.ts';
import { followNewestVerdict } from './verdicts.ts';
import { loadFirstDays } from '../data-bounds.ts';
import { inTransaction } from '../database/pool.ts';
import { failpoint } from '../failpoints.ts';
import { Failure } from '../failures.ts';
import { readRun } from '../ledger/runs.ts';
import type { Run } from '../ledger/runs.ts';
import type { Fence } from '../ledger/units.ts';
import { passFence } from '../ledger/units.ts';
import { phasesToForce, stretchOf } from '../planning/phases.ts';
import type { PoolJob, PoolUnit } from '../planning/phases.ts';
import { renderBackfillReport } from '../pages/backfill-report.ts';
import { renderCvReport } from '../pages/cv-report.ts';
import { loadDailyReport } from '../pages/daily-report-data.ts';
import { renderDailyReport } from '../pages/daily-report.ts';
import { groupingDays, groupOver } from '../pools/grouping.ts';
import type { GroupingFigures } from '../pools/grouping.ts';
import { iceboxOn } from '../pools/icebox.ts';
import type { Candle } from '../pools/icebox.ts';
import { reasonKinds } from '../pools/judgement.ts';
import * as prefilter from '../pools/prefilter.ts';
import { settingsOfRun, takeSettings } from '../ledger/settings-snapshot.ts';
import { loadPoolSettings } from '../pools/settings.ts';

interface PhaseInput {
  fence: Fence;
}

/** Phase prepare: the settings of the run, taken once. Safe to repeat: the row is replaced by the newest attempt only. */
export async function snapshotSettings(deps: Dependencies, { fence }: PhaseInput): Promise<void> {
  const settings = loadPoolSettings(deps.config.checkout);
  await inTransaction(deps.database, async (client) => {
    await takeSettings(client, fence.runId, settings);
    await passFence(client, fence, { rowsDue: 1 });
  });
}

/** What a job of the pool pipeline is asked, from the run's own input. Only reads. */
export async function planPoolBatch(
  { database, config }: Dependencies,
  { job, fence }: PhaseInput & { job: PoolJob },
): Promise<Record<string, unknown>> {
  const { dataset, date, input } = await readRun(database, fence.runId);
  const parity = input['parity'] === true;
  if (job === 'pool_forecast') return { dataset, date };
  if (job === 'pool_evaluate') return { dataset, date, ...stretchOf(fence.unit as PoolUnit) };
  if (job === 'pool_metrics') return { dataset, date, parity, full: phasesToForce(input).has('metrics') };
  const source = input['dataset'];
  const { approvedTokens } = await settingsOfRun({ database, config }, fence.runId);
  if (source !== 'files') return { dataset, date, parity, source };
  return {
    ...{ dataset, date, parity, source, path: input['path'] },
    firstDays: loadFirstDays(config.checkout),
    peggedTokens: approvedTokens.filter(({ yieldBearing }) => !yieldBearing).map(({ symbol }) => symbol),
  };
}

/**
 * Phase prefilter: judges every active pool and writes its row of the run date. Safe to repeat: one upsert in one
 * transaction. A day on which nobody passes is refused before anything is written.
 */
export async function prefilterPools(deps: Dependencies, { fence }: PhaseInput): Promise<void> {
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

/**
 * The second half of phase metrics: groups on the last complete day (by the original's rule on the run date itself) and
 * the icebox. Safe to repeat: it writes what the metrics and the candles say, in one transaction.
 */
export async function groupPools(deps: Dependencies, { fence }: PhaseInput): Promise<void> {
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

async function pageOf({ database }: Dependencies, run: Run): Promise<string> {
  switch (run.kind) {
    case 'dailyPipeline':
      return renderDailyReport(await loadDailyReport(database, run.runId));
    case 'crossValidation':
      return renderCvReport(database, run.runId);
    default:
      return renderBackfillReport(database, run.runId);
  }
}

/**
 * Phase report: one page, written beside its final name and moved there under the fence. Safe to repeat: the same
 * ledger gives the same page.
 */
export async function writeReport(deps: Dependencies, { fence }: PhaseInput): Promise<void> {
  const run = await readRun(deps.database, fence.runId);
  const page = await pageOf(deps, run);
  const report = join('reports', `${run.key.replaceAll('/', '-')}.html`);
  const path = join(deps.config.stateFolder, report);
  const draft = `${path}.${fence.attempt}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, page);
  await failpoint(deps.config.failpoints, 'report-written');
  await inTransaction(deps.database, async (client) => {
    await passFence(client, fence, { detail: { bytes: Buffer.byteLength(page) } });
    await client.query('update runs set report = $2 where run_id = $1', [fence.runId, report]);
    await rename(draft, path);
  });
}
