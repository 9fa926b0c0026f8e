import assert from 'node:assert/strict';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { beginPhase, verifyPhase } from '../../src/activities/phases.ts';
import {
  allocate,
  filterPools,
  openRun,
  prefilterPools,
  snapshotSettings,
} from '../../src/kinds/daily/activities.ts';
import type { Fence } from '../../src/ledger/units.ts';
import type { DailyPhase } from '../../src/kinds/daily/phases.ts';
import { dailyPhases } from '../../src/kinds/daily/phases.ts';
import { addDays } from '../../src/planning/days.ts';

export interface DayForecast {
  id: string;
  apy: number | null;
  tvl?: number | null;
  group?: number;
}

/** A run of the day, with its settings on record and its pools judged by the pre-filter. */
export async function openDay(deps: Dependencies, date: string): Promise<string> {
  const { runId } = await openRun(deps, {
    kind: 'dailyPipeline',
    units: dailyPhases,
    workflowId: 'w',
    workflowRunId: 'r',
    key: `daily/sample/${date}`,
    date,
    input: { dataset: 'sample', date },
    priority: 1,
  });
  const prepare = await begin(deps, runId, 'prepare');
  await snapshotSettings(deps, { fence: prepare });
  await prefilterPools(deps, { fence: await begin(deps, runId, 'prefilter') });
  return runId;
}

/** What the phases metrics and forecast leave: groups, the forecasts of the day, the APY of the day before. */
export async function forecastDay(
  deps: Dependencies,
  date: string,
  forecasts: readonly DayForecast[],
): Promise<void> {
  for (const { id, apy, tvl = 1e8, group = 1 } of forecasts) {
    await deps.database.query(
      `insert into pool_daily_metrics (dataset, pool_id, date, forecasted_apy, forecasted_tvl, pool_group)
       values ('sample', $1, $2, $3, $4, $5)
       on conflict (dataset, pool_id, date) do update
          set forecasted_apy = excluded.forecasted_apy, forecasted_tvl = excluded.forecasted_tvl,
              pool_group = excluded.pool_group`,
      [id, date, apy, tvl, group],
    );
  }
  await deps.database.query(
    `update pool_daily_metrics m set actual_apy = h.apy from pool_history h
      where h.dataset = m.dataset and h.pool_id = m.pool_id and h.date = m.date and m.date < $1`,
    [date],
  );
}

export async function begin(
  deps: Dependencies,
  runId: string,
  phase: DailyPhase,
  again = false,
): Promise<Fence> {
  const begun = await beginPhase(deps, { runId, phase, force: true, again });
  assert.ok(!begun.reused, `${phase} was taken for whole`);
  return begun.fence;
}

/** Filters and allocates; every blocking check of both must hold. */
export async function decideDay(deps: Dependencies, runId: string): Promise<void> {
  await filterPools(deps, { fence: await begin(deps, runId, 'filter') });
  assert.deepEqual(await verifyPhase(deps, { runId, phase: 'filter' }), { complete: true, reason: '' });
  await allocate(deps, { fence: await begin(deps, runId, 'allocate') });
  assert.deepEqual(await verifyPhase(deps, { runId, phase: 'allocate' }), { complete: true, reason: '' });
}

/** A whole day, from the pre-filter to the allocation; gives its run. */
export async function wholeDay(
  deps: Dependencies,
  date: string,
  forecasts: readonly DayForecast[],
): Promise<string> {
  const runId = await openDay(deps, date);
  await forecastDay(deps, date, forecasts);
  await decideDay(deps, runId);
  return runId;
}

/** Metrics rows of every pool and day up to `last`, as the job leaves them. */
export async function fillMetrics(deps: Dependencies, first: string, last: string): Promise<void> {
  await deps.database.query(
    `insert into pool_daily_metrics (dataset, pool_id, date, actual_apy, metrics_version)
     select dataset, pool_id, date, apy, 1 from pool_history where date between $1 and $2
     on conflict (dataset, pool_id, date) do update set actual_apy = excluded.actual_apy`,
    [first, last],
  );
}

export async function fillPrices(
  deps: Dependencies,
  symbol: string,
  close: number,
  first: string,
  last: string,
): Promise<void> {
  for (let day = first; day <= last; day = addDays(day, 1)) {
    await deps.database.query(
      `insert into token_prices_daily (dataset, symbol, date, close, change_seq)
       values ('sample', $1, $2, $3, nextval('change_seq'))`,
      [symbol, day, close],
    );
  }
}
