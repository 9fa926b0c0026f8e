import type { Database } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';
import { resultVersion } from '../../ledger/result-versions.ts';
import { readThroughput, tellingRows } from '../../ledger/throughput.ts';
import type { Day } from '../../planning/days.ts';
import type { World } from '../kind.ts';
import { readCoverage, readWindows } from './forecasts.ts';
import type { ForecastModel, ForecastRequest } from './forecasts.ts';
import type { BackfillInput } from './input.ts';
import { planToken } from './plan-token.ts';
import { hasHistory } from './planning/dates.ts';
import type { DueDate } from './planning/dates.ts';
import { planDifference, usualOfSink, usualParts } from './planning/plan.ts';
import type { ModelWork, PlanFacts, PlanParts } from './planning/plan.ts';
import type { SinkName } from './planning/sink-names.ts';

/** What a backfill is about, as `resolveRequest` answers it, and what it is to do again. */
export interface PlanWorld {
  request: ForecastRequest;
  due: readonly DueDate[];
  openDays: readonly Day[];
  redo?: BackfillInput['redo'];
  retrain?: boolean;
}

/** Plans that nobody started in this time are forgotten. */
const keptDays = 30;

/** What each model has and lacks, by the definition by which a run is verified. Reads the whole range once a model. */
export async function readWork(place: World, world: PlanWorld): Promise<ModelWork[]> {
  const { request, due, openDays, redo } = world;
  const { database } = place;
  const covered = await readCoverage(place, request, due, openDays);
  const training = [...new Set(due.map(({ trainingDate }) => trainingDate))];
  const possible = training.filter((date) => hasHistory(openDays, date));
  const work: ModelWork[] = [];
  for (const [index, model] of request.models.entries()) {
    const coverage = covered[index]!;
    const windows = await readWindows(database, request, model, possible);
    const good = windows.filter(({ stored, sound }) => stored && sound);
    const changed = good.filter((window) => window.changed).length;
    // A retrained model is another one only where it learns from other rows.
    const again = world.retrain || redo !== undefined ? changed : 0;
    const toTrain = world.retrain ? possible.length : possible.length - good.length + again;
    const redone = { all: coverage.complete, changed: coverage.changed.length };
    work.push({
      model: model.key,
      modelVersion: model.version,
      windows: {
        stored: good.length - changed,
        changed,
        toTrain,
        tooLittleHistory: training.length - possible.length,
      },
      dates: {
        due: coverage.expected,
        whole: coverage.complete,
        changed: coverage.changed.length,
        partial: coverage.partial.length,
        missing: coverage.missing.length,
        tooLittleHistory: coverage.skipped.length,
        toDo: coverage.expected - coverage.complete + (redo === undefined ? 0 : redone[redo]),
      },
    });
  }
  return work;
}

/** What the plan stands on. */
export async function readPlanFacts(
  database: Database,
  world: PlanWorld,
  work: readonly ModelWork[],
): Promise<PlanFacts> {
  const { request, due, redo, retrain } = world;
  const { models, ...options } = request;
  const training = [...new Set(due.map(({ trainingDate }) => trainingDate))];
  const stored = await Promise.all(models.map((model) => readStored(database, request, model, training)));
  return {
    options: {
      ...options,
      models: models.map(({ version }) => version),
      ...(redo !== undefined && { redo }),
      ...(retrain && { retrain }),
    },
    prices: await readPricesAt(database, request.commodity, request.end),
    due: due.length,
    models: Object.fromEntries(
      models.map(({ version }, index) => [version, { whole: work[index]!.dates.whole, ...stored[index]! }]),
    ),
    resultVersions: Object.fromEntries(
      ['forecast_train', 'forecast_infer'].map((job) => [job, resultVersion(job)]),
    ),
  };
}

async function readPricesAt(
  database: Database,
  commodity: string,
  day: Day,
): Promise<{ rows: number; digest: string }> {
  const read = await database.query<{ rows: number; digest: string }>(
    `select rows, digest::text as digest from price_digests($1) where as_of <= $2 order by as_of desc limit 1`,
    [commodity, day],
  );
  return read.rows[0] ?? { rows: 0, digest: '0' };
}

async function readStored(
  database: Database,
  { commodity, trainFrequency }: ForecastRequest,
  model: ForecastModel,
  trainingDates: readonly Day[],
): Promise<{ stored: number; digest: string }> {
  const read = await database.query<{ stored: number; digest: string }>(
    `select count(*)::integer as stored,
            coalesce(md5(string_agg(training_date || ' ' || sha256, ',' order by training_date)), '') as digest
       from fitted_models
      where commodity = $1 and model_key = $2 and model_version = $3 and train_frequency = $4
        and training_date = any ($5)`,
    [commodity, model.key, model.fitVersion, trainFrequency, trainingDates],
  );
  return read.rows[0]!;
}

/** Notes a plan and answers its token: the same facts have the same one. */
export async function storePlan(database: Database, facts: PlanFacts): Promise<string> {
  const token = planToken(facts);
  await database.query(`delete from backfill_plans where made_at < now() - $1 * interval '1 day'`, [
    keptDays,
  ]);
  await database.query(
    `insert into backfill_plans (token, facts) values ($1, $2)
     on conflict (token) do update set made_at = excluded.made_at`,
    [token, JSON.stringify(facts)],
  );
  return token;
}

/** What differs from the world that the plan was made for, in one line; undefined when nothing does. */
export async function checkPlan(
  database: Database,
  token: string,
  now: PlanFacts,
): Promise<string | undefined> {
  const found = await database.query<{ facts: PlanFacts }>(
    'select facts from backfill_plans where token = $1',
    [token],
  );
  if (found.rows[0] === undefined) return `there is no plan ${token}, or it is older than ${keptDays} days`;
  return planDifference(found.rows[0].facts, now);
}

/** Throws `InvalidInput` naming the difference when the world is not the plan's any more. Only reads. */
export async function refuseStalePlan(place: World, token: string, world: PlanWorld): Promise<void> {
  const { database } = place;
  const work = await readWork(place, world);
  const difference = await checkPlan(database, token, await readPlanFacts(database, world, work));
  if (difference === undefined) return;
  throw new Failure(
    'InvalidInput',
    `Plan ${token} does not hold: ${difference}. Plan again: npx sevenfold plan backfill, or start without --plan.`,
  );
}

/** How long the parts took in the newest batches of an engine; what is usual where there are none. */
export async function readParts(
  database: Database,
  {
    engine,
    cores,
    sink,
    leaves,
  }: {
    engine: string;
    cores: number;
    sink: SinkName;
    leaves: readonly { commodity: string; version: string }[];
  },
): Promise<PlanParts> {
  const usual = usualOfSink[sink];
  const { rowsPerSecond } = await readThroughput(database, engine, sink, usual);
  const measured = await database.query<{
    batches: number;
    serial: number | null;
    submit: number | null;
  }>(
    `select count(*)::integer as batches,
            avg(greatest(0, elapsed - tasks)) as serial,
            percentile_cont(0.1) within group (order by waited) as submit
       from (select extract(epoch from finished_at - started_at)::double precision as elapsed,
                    extract(epoch from started_at - submitted_at)::double precision as waited,
                    (result -> 'seconds' ->> 'tasks')::double precision as tasks
               from batches
              where job = 'forecast_infer' and state = 'SUCCEEDED' and engine = $1
                and (result ->> 'rows')::double precision >= $2 and coalesce(result ->> 'sink', 'postgres') = $3
              order by finished_at desc limit 20) newest`,
    [engine, tellingRows, sink],
  );
  const training = await database.query<{ seconds: number | null }>(
    'select avg(fit_seconds) as seconds from fitted_models where commodity = any ($1)',
    [leaves.map(({ commodity }) => commodity)],
  );
  const bytes = sink === 'postgres' ? await readBytesOfARow(database, leaves) : null;
  const { batches, serial, submit } = measured.rows[0]!;
  return {
    rowsPerSecond,
    measuredCores: batches > 0 ? cores : usualParts.measuredCores,
    serialSecondsOfABatch: serial ?? usualParts.serialSecondsOfABatch,
    // The least of them did not wait behind others.
    submitSecondsOfABatch: submit ?? usualParts.submitSecondsOfABatch,
    trainSecondsOfAWindow: training.rows[0]?.seconds ?? usualParts.trainSecondsOfAWindow,
    batches,
    bytesOfARow: bytes ?? usual.bytesOfARow,
    bytesMeasured: bytes !== null,
    mostRowsPerSecond: usual.mostRowsPerSecond,
    verifiedRowsPerSecond: usual.verifiedRowsPerSecond,
  };
}

/**
 * Bytes a row, keys included, by the leaves that hold enough rows to say; null where none does. By the pages and rows that
 * were counted together: a leaf that grows is larger than its count says.
 */
async function readBytesOfARow(
  database: Database,
  leaves: readonly { commodity: string; version: string }[],
): Promise<number | null> {
  const read = await database.query<{ bytes: number | null }>(
    `select sum(c.relpages + k.relpages * c.reltuples / k.reltuples) * current_setting('block_size')::integer
              / sum(c.reltuples) as bytes
       from unnest($1::text[], $2::text[]) as l (commodity, version)
       join pg_class c on c.oid = to_regclass(quote_ident(distributions_leaf_name(l.commodity, l.version)))
       join pg_index i on i.indrelid = c.oid and i.indisprimary
       join pg_class k on k.oid = i.indexrelid
      where c.reltuples >= $3 and k.reltuples > 0`,
    [leaves.map(({ commodity }) => commodity), leaves.map(({ version }) => version), tellingRows],
  );
  return read.rows[0]?.bytes ?? null;
}

/** What the server may write ahead beside its tables, in bytes. */
export async function readLogBytes(database: Database): Promise<number> {
  const read = await database.query<{ bytes: number }>(
    `select pg_size_bytes(current_setting('max_wal_size')) as bytes`,
  );
  return read.rows[0]!.bytes;
}
