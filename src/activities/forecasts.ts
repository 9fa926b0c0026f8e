import { createHash } from 'node:crypto';
import type { Dependencies } from './dependencies.ts';
import { loadFirstDays } from '../data-bounds.ts';
import { behindQueue, objectsOf } from '../objects.ts';
import { engineOf } from './runs.ts';
import { inTransaction } from '../database/pool.ts';
import type { Database } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import * as chunks from '../ledger/chunks.ts';
import type { OpenedChunk } from '../ledger/chunks.ts';
import { readDates, requestOf, resolveRequest } from '../ledger/forecasts.ts';
import type { ForecastRequest } from '../ledger/forecasts.ts';
import { refuseStalePlan } from '../ledger/plans.ts';
import type { Claimant, Run } from '../ledger/runs.ts';
import { claimRun, findRun, isOpenStatus, readRun } from '../ledger/runs.ts';
import { readThroughput } from '../ledger/throughput.ts';
import type { Fence } from '../ledger/units.ts';
import { layOutUnits } from '../ledger/units.ts';
import { isOpenInTemporal } from '../open-in-temporal.ts';
import type { AuditInput, BackfillInput, TrainInput } from '../planning/backfill-input.ts';
import { auditKey, backfillKey, trainKey } from '../planning/backfill-key.ts';
import { chunkSize, datesOfATask, windowsOfABatch } from '../planning/chunks.ts';
import type { Day } from '../planning/days.ts';
import { hasHistory, historyLacks, minimumHistory } from '../planning/forecast-dates.ts';
import type { DueDate } from '../planning/forecast-dates.ts';
import type { ForecastUnit, PriceJob, RunUnit } from '../planning/phases.ts';
import { loadPriceSettings } from '../prices/settings.ts';

export interface OpenForecastsInput extends Claimant {
  kind: 'forecastBackfill' | 'trainForecastModels' | 'auditForecasts';
  input: BackfillInput | TrainInput | AuditInput;
  /** The day that an `end` of this name means. */
  yesterday: Day;
  phases: readonly RunUnit[];
  priority: number;
}

/**
 * Claims a run of forecasts and lays out its windows and dates. Safe to repeat: the holder claims what it already holds,
 * and units that are known keep what is known of them. What cannot be right is refused before anything is written.
 */
export async function openForecasts(
  deps: Dependencies,
  opening: OpenForecastsInput,
): Promise<{ runId: string; engine: string }> {
  const { database, config } = deps;
  const { kind, input, yesterday } = opening;
  const { request, due, openDays } = await resolveRequest(database, config.checkout, input, yesterday);
  const key = keyOf(opening);
  const dataset = `prices/${request.commodity}`;
  if (kind === 'forecastBackfill') {
    await refuseOverlap(deps, key, dataset, request);
    const { plan, redo, retrain } = input as BackfillInput;
    const world = { request, due, openDays, ...(redo && { redo }), ...(retrain && { retrain }) };
    // A run that goes on in a new history has changed the world itself.
    const mine = (await findRun(database, key))?.workflowRunId === opening.workflowRunId;
    if (plan !== undefined && !mine) await refuseStalePlan(database, plan, world);
  }
  const engine = await engineOf(deps, input);
  const run = await claimRun(
    database,
    {
      key,
      engine,
      kind,
      dataset,
      date: request.end,
      workflowId: opening.workflowId,
      workflowRunId: opening.workflowRunId,
      priority: opening.priority,
      // With its end as a day: whoever retries it tomorrow means the same range.
      input: { ...input, end: request.end },
      request,
    },
    (holder) => isOpenInTemporal(deps.temporal, holder),
  );
  await layOutUnits(database, run.runId, opening.phases);
  if (kind === 'auditForecasts') {
    await layOutAudit(database, run, due, (input as AuditInput).sample);
  } else {
    await layOutWindows(database, run, due, openDays);
    if (kind === 'forecastBackfill') await layOutDates(database, run, due, openDays);
  }
  await forgetFailures(database, run);
  return { runId: run.runId, engine };
}

function keyOf({ kind, input, yesterday }: OpenForecastsInput): string {
  switch (kind) {
    case 'forecastBackfill':
      return backfillKey(input, yesterday);
    case 'trainForecastModels':
      return trainKey(input, yesterday);
    case 'auditForecasts':
      return auditKey(input as AuditInput, yesterday);
  }
}

/** Two open backfills that write the same dates would only get into each other's way. */
async function refuseOverlap(
  deps: Dependencies,
  key: string,
  dataset: string,
  request: ForecastRequest,
): Promise<void> {
  const others = await deps.database.query<Claimant & { key: string; status: Run['status'] }>(
    `select key, status, workflow_id as "workflowId", workflow_run_id as "workflowRunId" from runs r
      where kind = 'forecastBackfill' and dataset = $1 and key <> $2 and status in ('running', 'paused')
        and request ->> 'start' <= $4 and request ->> 'end' >= $3
        and exists (select 1 from jsonb_array_elements(r.request -> 'models') m where m ->> 'version' = any ($5))`,
    [dataset, key, request.start, request.end, request.models.map(({ version }) => version)],
  );
  for (const other of others.rows) {
    if (isOpenStatus(other.status) && (await isOpenInTemporal(deps.temporal, other))) {
      throw new Failure(
        'AlreadyRunning',
        `${other.key} is running and makes some of the same dates. Watch it: sevenfold watch ${other.key}`,
      );
    }
  }
}

async function layOutWindows(
  database: Database,
  run: Run,
  due: readonly DueDate[],
  openDays: readonly Day[],
): Promise<void> {
  const dates = [...new Set(due.map(({ trainingDate }) => trainingDate))];
  for (const { version } of requestOf(run).models) {
    await layOutModel(database, run, {
      kind: 'window',
      modelVersion: version,
      units: dates.map((date) => `${version}/window/${date}`),
      dates,
      trainingDates: dates,
      rowsDue: 1,
      skipped: dates.map((date) => tooLittle(openDays, date)),
    });
  }
}

async function layOutDates(
  database: Database,
  run: Run,
  due: readonly DueDate[],
  openDays: readonly Day[],
): Promise<void> {
  const request = requestOf(run);
  const skipped = new Map(due.map(({ trainingDate }) => [trainingDate, tooLittle(openDays, trainingDate)]));
  for (const { version } of request.models) {
    await layOutModel(database, run, {
      kind: 'date',
      modelVersion: version,
      units: due.map(({ date }) => `${version}/${date}`),
      dates: due.map(({ date }) => date),
      trainingDates: due.map(({ trainingDate }) => trainingDate),
      rowsDue: request.paths,
      skipped: due.map(({ trainingDate }) => skipped.get(trainingDate) ?? null),
    });
    await database.query('select distributions_leaf($1, $2)', [request.commodity, version]);
  }
  await database.query("select distributions_leaf($1, 'actuals')", [request.commodity]);
}

/** Of the dates that are whole, a share that hangs on the dates alone: the same ones every time. */
async function layOutAudit(
  database: Database,
  run: Run,
  due: readonly DueDate[],
  sample: number,
): Promise<void> {
  const request = requestOf(run);
  for (const model of request.models) {
    const states = await readDates(database, request, model, due);
    const whole = new Set(states.filter(({ state }) => state === 'complete').map(({ date }) => date));
    const lot = (date: Day): string => createHash('sha256').update(`${model.version}/${date}`).digest('hex');
    const chosen = due
      .filter(({ date }) => whole.has(date))
      .map((each) => ({ ...each, lot: lot(each.date) }))
      .sort((a, b) => (a.lot < b.lot ? -1 : 1))
      .slice(0, Math.ceil(whole.size * sample));
    await layOutModel(database, run, {
      kind: 'date',
      modelVersion: model.version,
      units: chosen.map(({ date }) => `${model.version}/${date}`),
      dates: chosen.map(({ date }) => date),
      trainingDates: chosen.map(({ trainingDate }) => trainingDate),
      rowsDue: request.paths,
      skipped: chosen.map(() => null),
    });
  }
}

interface Layout {
  kind: 'window' | 'date';
  modelVersion: string;
  units: string[];
  dates: Day[];
  trainingDates: Day[];
  rowsDue: number;
  /** Why a unit cannot be done; null where it can. */
  skipped: (string | null)[];
}

function tooLittle(openDays: readonly Day[], trainingDate: Day): string | null {
  return hasHistory(openDays, trainingDate)
    ? null
    : `too little history: ${historyLacks(openDays, trainingDate)}`;
}

/** Units that are no longer due go; those that a person skipped stay skipped. */
async function layOutModel(database: Database, run: Run, layout: Layout): Promise<void> {
  await inTransaction(database, async (client) => {
    await client.query(
      `delete from units
        where run_id = $1 and kind = $2 and model_version = $3 and not date = any ($4::date[])`,
      [run.runId, layout.kind, layout.modelVersion, layout.dates],
    );
    await client.query(
      `insert into units (run_id, unit, kind, model_version, date, training_date, rows_due, verdict, reason)
       select $1, unit, $2, $3, date, training_date, $7,
              case when skipped is null then 'missing' else 'skipped' end, skipped
         from unnest($4::text[], $5::date[], $6::date[], $8::text[]) as l (unit, date, training_date, skipped)
       on conflict (run_id, unit) do update
          set verdict = excluded.verdict, reason = excluded.reason
        where (units.verdict = 'skipped') <> (excluded.verdict = 'skipped')
          and not coalesce((units.detail ->> 'byHand')::boolean, false)`,
      [
        run.runId,
        layout.kind,
        layout.modelVersion,
        layout.units,
        layout.dates,
        layout.trainingDates,
        layout.rowsDue,
        layout.skipped,
      ],
    );
  });
}

/** A run that is claimed again tries everything again that was given up before; an audit looks at everything again. */
async function forgetFailures(database: Database, run: Run): Promise<void> {
  await database.query(
    `update units
        set verdict = 'missing', reason = null, failure_type = null, tries = 0, chunk = null, committed_attempt = null
      where run_id = $1 and kind in ('window', 'date') and coalesce(finished_at, '-infinity') < $2
        and (verdict in ('failed', 'quarantined') or failure_type is not null or $3)`,
    [run.runId, run.claimedAt, run.kind === 'auditForecasts'],
  );
}

/** How many windows or dates go into one batch. */
export async function forecastChunkSize(
  { database, config }: Dependencies,
  run: Run,
  unit: ForecastUnit,
): Promise<number> {
  const request = requestOf(run);
  if (unit === 'train') return windowsOfABatch;
  const asked = run.input['chunk'] as BackfillInput['chunk'];
  return chunkSize(asked, request.paths, await readThroughput(database, behindQueue(config, run.engine)));
}

/** What the batch of a chunk of windows or dates is asked. */
export function forecastChunk(
  { config }: Dependencies,
  run: Run,
  unit: ForecastUnit,
  opened: OpenedChunk,
): { job: 'forecast_train' | 'forecast_infer' | 'forecast_audit'; input: Record<string, unknown> } {
  const request = requestOf(run);
  const common = {
    commodity: request.commodity,
    calendar: request.calendar,
    trainFrequency: request.trainFrequency,
    objectFolder: objectsOf(config, run.engine),
    settings: loadPriceSettings(config.checkout, request.commodity),
  };
  if (unit === 'train') return { job: 'forecast_train', input: { ...common, ...windowsOf(run, opened) } };
  const version = opened.units[0]!.modelVersion;
  const model = request.models.find((each) => each.version === version)!;
  return {
    job: unit === 'infer' ? 'forecast_infer' : 'forecast_audit',
    input: {
      ...common,
      model: model.key,
      modelVersion: model.version,
      trainVersion: model.fitVersion,
      paths: request.paths,
      horizon: request.horizon,
      seed: request.seed,
      draw: request.draw,
      taskDates: datesOfATask,
      windows: datesByWindow(opened),
    },
  };
}

function windowsOf(run: Run, { units }: OpenedChunk): Record<string, unknown> {
  const models = new Map(requestOf(run).models.map((model) => [model.version, model]));
  return {
    replace: run.input['retrain'] === true || run.input['redo'] !== undefined,
    minimumRows: minimumHistory,
    windows: units.map(({ modelVersion, date }) => ({
      model: models.get(modelVersion)!.key,
      trainVersion: models.get(modelVersion)!.fitVersion,
      modelVersion,
      trainingDate: date,
    })),
  };
}

function datesByWindow({ units }: OpenedChunk): { trainingDate: Day; dates: Day[] }[] {
  const windows: { trainingDate: Day; dates: Day[] }[] = [];
  for (const { date, trainingDate } of units) {
    const last = windows.at(-1);
    if (last?.trainingDate === trainingDate) last.dates.push(date);
    else windows.push({ trainingDate, dates: [date] });
  }
  return windows;
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
  const { commodity, models, start, end, horizon, calendar } = requestOf(run);
  const modelVersions = models.map(({ version }) => version);
  return { commodity, modelVersions, startDate: start, endDate: end, horizon, calendar };
}
