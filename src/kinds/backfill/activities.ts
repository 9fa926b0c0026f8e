import type { Dependencies } from '../../activities/dependencies.ts';
import { engineOf } from '../../activities/engine-of-run.ts';
import { loadFirstDays } from '../../data-bounds.ts';
import * as chunks from '../../ledger/chunks.ts';
import { claimRun, readRun } from '../../ledger/runs.ts';
import type { Claimant } from '../../ledger/runs.ts';
import { layOutUnits } from '../../ledger/units.ts';
import type { Fence } from '../../ledger/units.ts';
import { isOpenInTemporal } from '../../open-in-temporal.ts';
import type { Day } from '../../planning/days.ts';
import { loadPriceSettings } from '../../prices/settings.ts';
import { findKind } from '../index.ts';
import type { ForecastInput, ForecastKind } from './forecast-kind.ts';
import { requestOf, resolveRequest, withSink, withUsualSink } from './forecasts.ts';
import { forgetFailures } from './layout.ts';
import type { BackfillInput } from './input.ts';
import type { PriceJob } from './phases.ts';

export interface OpenForecastsInput extends Claimant {
  /** The workflow type. */
  kind: string;
  input: ForecastInput;
  /** The day that an `end` of this name means. */
  yesterday: Day;
  phases: readonly string[];
  priority: number;
}

/**
 * Claims a run of forecasts and lays out its windows and dates. Safe to repeat: the holder claims what it already holds,
 * and units that are known keep what is known of them. What cannot be right is refused before anything is written.
 */
export async function openForecasts(
  deps: Dependencies,
  { kind: name, input: asked, yesterday, phases, priority, workflowId, workflowRunId }: OpenForecastsInput,
): Promise<{ runId: string; engine: string }> {
  const { database, config } = deps;
  const { opening } = findKind(name) as ForecastKind;
  const input: ForecastInput = opening.hasSink ? withUsualSink(config, asked as BackfillInput) : asked;
  const resolved = await resolveRequest(database, config.checkout, input, yesterday);
  const engine = await engineOf(deps, input);
  const request = opening.hasSink
    ? withSink(config, engine, resolved.request, input as BackfillInput)
    : resolved.request;
  const due = { ...resolved, request };
  const key = opening.key(input, yesterday);
  await opening.check?.(deps, { workflowId, workflowRunId, key, input }, due);
  const run = await claimRun(
    database,
    {
      key,
      engine,
      kind: name,
      dataset: `prices/${request.commodity}`,
      date: request.end,
      workflowId,
      workflowRunId,
      priority,
      // With its end as a day: whoever retries it tomorrow means the same range.
      input: { ...input, end: request.end },
      request,
    },
    (holder) => isOpenInTemporal(deps.temporal, holder),
  );
  await layOutUnits(database, run.runId, phases);
  await opening.layOut(deps, run, due, input);
  await forgetFailures(database, run, opening);
  return { runId: run.runId, engine };
}

/** Leaves dates out by a person's decision. Safe to repeat: what is skipped is not skipped again. */
export async function skipDates(
  { database }: Dependencies,
  { runId, ranges, reason }: { runId: string; ranges: readonly { first: Day; last: Day }[]; reason: string },
): Promise<{ dates: number }> {
  return { dates: await chunks.skipDates(database, runId, ranges, reason) };
}

/** What a job on prices is asked, from the run's own request. Only reads. */
export async function planPriceBatch(
  { database, config }: Dependencies,
  { job, fence }: { job: PriceJob; fence: Fence },
): Promise<Record<string, unknown>> {
  const run = await readRun(database, fence.runId);
  if (job === 'price_import') {
    const { path, sample } = run.input;
    const [settings, firstDays] = [loadPriceSettings(config.checkout), loadFirstDays(config.checkout)];
    return { ...run.input, path, sample, settings, firstDays };
  }
  const { commodity, models, start, end, horizon, calendar, sink } = requestOf(run);
  const modelVersions = models.map(({ version }) => version);
  return {
    commodity,
    modelVersions,
    startDate: start,
    endDate: end,
    horizon,
    calendar,
    ...(sink && { sink }),
  };
}
