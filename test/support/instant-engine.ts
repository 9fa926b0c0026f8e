import { inTransaction } from '../../src/database/pool.ts';
import type { Database, PoolClient } from '../../src/database/pool.ts';
import type { BatchObservation, BatchRequest, Engine } from '../../src/engines/engine.ts';
import { Failure } from '../../src/failures.ts';
import { resultVersion } from '../../src/ledger/result-versions.ts';
import { passFence } from '../../src/ledger/units.ts';
import type { Day } from '../../src/planning/days.ts';

/**
 * An engine whose batches have ended when they are created: it writes the rows that are due by SQL, "stays where it is" for
 * every path, and passes the fence as the jobs do. A test with it measures everything around the jobs. Prices must not change
 * meanwhile.
 */
export class InstantEngine implements Engine {
  readonly name = 'local';
  readonly lookMs = 1_000;
  readonly #database: Database;
  readonly #ended = new Map<string, BatchObservation>();
  #digests: Promise<void> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  async look(batchId: string): Promise<BatchObservation | undefined> {
    return this.#ended.get(batchId);
  }

  async create(request: BatchRequest): Promise<BatchObservation> {
    const known = this.#ended.get(request.batchId);
    if (known) return known;
    this.#digests ??= this.#keepDigests();
    await this.#digests;
    const startedAt = new Date().toISOString();
    const seen: BatchObservation = {
      batchId: request.batchId,
      ...(await this.#outcomeOf(request)),
      labels: request.labels,
      startedAt,
      finishedAt: new Date().toISOString(),
    };
    // Only what tests look at: there are thousands.
    this.#ended.set(request.batchId, seen);
    return seen;
  }

  async lookForChange(batchId: string): Promise<BatchObservation | undefined> {
    return this.#ended.get(batchId);
  }

  async cancel(batchId: string): Promise<BatchObservation | undefined> {
    return this.#ended.get(batchId);
  }

  async listOpen(): Promise<BatchObservation[]> {
    return [];
  }

  async close(): Promise<void> {}

  /** The jobs read the digests with the prices, in one snapshot; here they are the same for every batch. */
  async #keepDigests(): Promise<void> {
    await this.#database.query(
      `create table staging.price_digests as
       select commodity, d.* from commodities, price_digests(commodity) d`,
    );
    await this.#database.query('create unique index on staging.price_digests (commodity, as_of)');
    await this.#database.query('analyze staging.price_digests');
  }

  async #outcomeOf(
    request: BatchRequest,
  ): Promise<Pick<BatchObservation, 'state' | 'result' | 'errorType' | 'message'>> {
    const write = jobs[request.job];
    try {
      if (write === undefined) throw new Failure('InvalidInput', `There is no job ${request.job}.`);
      const result = await inTransaction(this.#database, (client) => write(client, request));
      return { state: 'SUCCEEDED', result };
    } catch (error) {
      const errorType = error instanceof Failure ? error.type : 'JobFailed';
      return { state: 'FAILED', errorType, message: String(error) };
    }
  }
}

type Job = (client: PoolClient, request: BatchRequest) => Promise<Record<string, unknown>>;

const jobs: Record<string, Job> = {
  forecast_train: train,
  forecast_infer: infer,
  forecast_evaluate: evaluate,
};

interface Windows {
  commodity: string;
  trainFrequency: string;
  windows: { model: string; modelVersion: string; trainVersion: string; trainingDate: Day }[];
}

async function train(client: PoolClient, { input, fence }: BatchRequest): Promise<Record<string, unknown>> {
  const { commodity, trainFrequency, windows } = input as unknown as Windows;
  await client.query(
    `insert into fitted_models (commodity, model_key, model_version, train_frequency, training_date,
       training_cutoff_date, training_start_date, training_samples, parameters, state_json, size_bytes, sha256,
       data_hash, fit_seconds)
     select $1, model, "trainVersion", $2, "trainingDate", d.as_of, first.date, d.rows, '{}', state.json,
            length(state.json), encode(sha256(convert_to(state.json, 'UTF8')), 'hex'), d.rows || ':' || d.digest, 0.001
       from jsonb_to_recordset($3::jsonb) as w (model text, "trainVersion" text, "trainingDate" date),
            lateral (select format('{"trainedOn":"%s"}', "trainingDate") as json) state,
            lateral (select * from staging.price_digests
                      where commodity = $1 and as_of < "trainingDate" order by as_of desc limit 1) d,
            (select min(date) as date from prices where commodity = $1) first
     on conflict do nothing`,
    [commodity, trainFrequency, JSON.stringify(windows)],
  );
  const passed = await client.query(
    `update units u
        set committed_attempt = $2, committed_at = clock_timestamp(), committed_fingerprint = u.fingerprint
       from jsonb_to_recordset($3::jsonb) as w ("modelVersion" text, "trainingDate" date)
      where u.run_id = $1 and u.kind = 'window' and u.model_version = w."modelVersion" and u.date = w."trainingDate"
        and u.attempt = $2`,
    [fence.runId, fence.attempt, JSON.stringify(windows)],
  );
  refuseOvertaken(passed.rowCount, windows.length);
  return { trained: windows.length, failed: [] };
}

interface Dates {
  commodity: string;
  trainFrequency: string;
  model: string;
  modelVersion: string;
  trainVersion: string;
  paths: number;
  horizon: number;
  seed: number;
  windows: { trainingDate: Day; dates: Day[] }[];
}

async function infer(client: PoolClient, { input, fence }: BatchRequest): Promise<Record<string, unknown>> {
  const asked = input as unknown as Dates;
  const { commodity, modelVersion, paths, horizon } = asked;
  const dates = asked.windows.flatMap((window) => window.dates);
  const trainingDates = asked.windows.flatMap(({ trainingDate, dates }) => dates.map(() => trainingDate));
  await client.query(
    `with paths as (
       delete from distributions where commodity = $1 and model_version = $2 and forecast_start_date = any ($3::date[])
     ), points as (
       delete from point_forecasts where commodity = $1 and model_version = $2 and forecast_start_date = any ($3)
     ), quantiles as (
       delete from forecast_quantiles where commodity = $1 and model_version = $2 and forecast_start_date = any ($3)
     )
     delete from forecast_metadata where commodity = $1 and model_version = $2 and forecast_start_date = any ($3)`,
    [commodity, modelVersion, dates],
  );
  // Columns, never values: how many there are is the horizon.
  const days = Array.from({ length: horizon }, (_, day) => `day_${day + 1}`).join();
  const closes = Array.from({ length: horizon }, () => 'close').join();
  const passed = await client.query(
    `with asked as materialized (
       select a.date, a.training_date, d.as_of as cutoff, d.rows, d.digest, p.close, m.sha256, m.training_cutoff_date
         from unnest($3::date[], $4::date[]) as a (date, training_date)
         join staging.price_digests d on d.commodity = $1 and d.as_of = a.date - 1
         join prices p on p.commodity = $1 and p.date = d.as_of and p.known_at = d.as_of
         join fitted_models m
           on m.commodity = $1 and m.model_key = $5 and m.model_version = $6 and m.train_frequency = $7
          and m.training_date = a.training_date
     ), paths as (
       insert into distributions (path_id, forecast_start_date, data_cutoff_date, ${days}, model_version, commodity)
       select path_id, date, cutoff, ${closes}, $2, $1 from asked, generate_series(1, $8) path_id
     ), points as (
       insert into point_forecasts (commodity, model_version, forecast_start_date, data_cutoff_date, forecast_date,
                                    day_ahead, forecast_mean, forecast_std, lower_95, upper_95)
       select $1, $2, date, cutoff, cutoff + day, day, close, 0, close, close from asked, generate_series(1, $9) day
     ), quantiles as (
       insert into forecast_quantiles
       select $1, $2, date, day, close, close, close, close, close, close, close from asked, generate_series(1, $9) day
     ), made as (
       insert into forecast_metadata (forecast_id, commodity, model_version, forecast_start_date, data_cutoff_date,
         training_date, training_cutoff_date, fingerprint, model_sha256, paths, horizon, seed, unusual_origin,
         training_days)
       select concat_ws('_', $2, $1, date), $1, $2, date, cutoff, training_date, training_cutoff_date,
              forecast_fingerprint($10, sha256, rows, digest), sha256, $8, $9, $11, false, 0
         from asked
       returning forecast_start_date as date, fingerprint
     )
     update units u
        set committed_attempt = $13, committed_at = clock_timestamp(), committed_fingerprint = made.fingerprint,
            rows_due = $8
       from made
      where u.run_id = $12 and u.kind = 'date' and u.model_version = $2 and u.date = made.date and u.attempt = $13`,
    [
      ...[
        commodity,
        modelVersion,
        dates,
        trainingDates,
        asked.model,
        asked.trainVersion,
        asked.trainFrequency,
      ],
      ...[paths, horizon, resultVersion('forecast_infer'), asked.seed, fence.runId, fence.attempt],
    ],
  );
  refuseOvertaken(passed.rowCount, dates.length);
  return { dates: dates.length, rows: dates.length * paths, failed: [] };
}

async function evaluate(
  client: PoolClient,
  { input, fence }: BatchRequest,
): Promise<Record<string, unknown>> {
  const { commodity, modelVersions, startDate, endDate, horizon } = input;
  await client.query(
    `insert into distributions (path_id, forecast_start_date, data_cutoff_date, model_version, commodity, is_actuals)
     select distinct on (forecast_start_date) 0, forecast_start_date, data_cutoff_date, 'actuals', $1, true
       from forecast_metadata
      where commodity = $1 and model_version = any ($2::text[]) and forecast_start_date between $3 and $4
     on conflict do nothing`,
    [commodity, modelVersions, startDate, endDate],
  );
  await client.query(
    `insert into forecast_evaluation (commodity, model_version, start_date, end_date, horizon, forecasts, days)
     select $1, m, $3, $4, h, 0, 0 from unnest($2::text[]) m, unnest(array[1, 7, 14]) h where h <= $5
     on conflict do nothing`,
    [commodity, modelVersions, startDate, endDate, horizon],
  );
  await passFence(client, fence);
  return {};
}

function refuseOvertaken(passed: number | null, due: number): void {
  if (passed !== due) throw new Failure('Fenced', `${passed} of ${due} units are this attempt's.`);
}
