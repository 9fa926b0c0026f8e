import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { arrayText } from '../../database/array-text.ts';
import type { Database } from '../../database/pool.ts';
import type { Config } from '../../config.ts';
import { Failure } from '../../failures.ts';
import { resultVersion } from '../../ledger/result-versions.ts';
import type { Run } from '../../ledger/runs.ts';
import { objectsOf } from '../../objects.ts';
import { addDays } from '../../planning/days.ts';
import type { Day } from '../../planning/days.ts';
import { suggestion } from '../../planning/nearest.ts';
import type { World } from '../kind.ts';
import { defaults } from './input.ts';
import type { BackfillInput } from './input.ts';
import { fitVersion, modelVersion } from './key.ts';
import { dueDates, hasHistory } from './planning/dates.ts';
import type { DueDate } from './planning/dates.ts';
import { sinkNames } from './planning/sink-names.ts';
import { placeOf, sinkAt } from './sinks/index.ts';
import type { PathsSeen, SinkPlace } from './sinks/sink.ts';

const datesSql = readFileSync(new URL('./sql/forecast-dates.sql', import.meta.url), 'utf8');
const knownSql = readFileSync(new URL('./sql/known-prices.sql', import.meta.url), 'utf8');
const windowsSql = readFileSync(new URL('./sql/forecast-windows.sql', import.meta.url), 'utf8');

/** Days from the first price to the first forecast date where none is asked for. */
const historyDays = 1_095;

/** What a backfill is about, with every default filled in and its range as days. */
export type ForecastRequest = Required<
  Pick<BackfillInput, 'commodity' | 'trainFrequency' | 'calendar' | 'paths' | 'horizon' | 'seed' | 'draw'>
> & {
  models: ForecastModel[];
  start: Day;
  end: Day;
  /** Where the paths lie; left out: in PostgreSQL. */
  sink?: SinkPlace;
};

export interface ForecastModel {
  key: string;
  /** Version key of its forecasts. */
  version: string;
  /** Version key of its fitted models. */
  fitVersion: string;
}

/**
 * Fills in what was left out, from the prices. `yesterday` is what an `end` of that name means. Throws `InvalidInput` for
 * a commodity without prices, a model that nobody wrote, a range without a date.
 */
export async function resolveRequest(
  database: Database,
  checkout: string,
  input: BackfillInput,
  yesterday: Day,
): Promise<{ request: ForecastRequest; due: DueDate[]; openDays: Day[] }> {
  const { commodity } = input;
  const known = await database.query<{ commodity: string; first: Day | null }>(
    `select c.commodity, (select min(date) from prices p where p.commodity = c.commodity) as first
       from commodities c order by 1`,
  );
  const series = known.rows.find((row) => row.commodity === commodity);
  if (series?.first == null) {
    const names = known.rows.map((row) => row.commodity);
    throw new Failure(
      'InvalidInput',
      names.length === 0
        ? `There are no prices of ${commodity} yet. Import some: npx sevenfold import prices <folder>, or --sample.`
        : `There are no prices of ${commodity}. ${suggestion(commodity, names)}`,
    );
  }
  const models = input.models.map((key) => {
    checkModel(checkout, key);
    return { key, version: modelVersion(key, input), fitVersion: fitVersion(key, input) };
  });
  const options = { ...defaults, ...withoutUndefined(input) };
  const end = input.end === undefined || input.end === 'yesterday' ? yesterday : input.end;
  const start = input.start ?? addDays(series.first, historyDays);
  if (start > end) {
    throw new Failure(
      'InvalidInput',
      `The range ${start}..${end} ends before it begins: the prices of ${commodity} begin ${series.first}.`,
    );
  }
  const openDays = await readOpenDays(database, commodity, options.calendar);
  const due = dueDates(openDays, { ...options, start, end });
  if (due.length === 0) {
    throw new Failure(
      'InvalidInput',
      `${commodity} has no ${options.calendar === 'trading' ? 'trading day' : 'day'} from ${start} to ${end}; its prices go from ${series.first} to ${openDays.at(-1) ?? 'nowhere'}.`,
    );
  }
  const { trainFrequency, calendar, paths, horizon, seed, draw } = options;
  return {
    request: { commodity, models, trainFrequency, calendar, paths, horizon, seed, draw, start, end },
    due,
    openDays,
  };
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}

/** The request with the place of its paths, where that is not the usual one. Throws `InvalidInput` for a place that is none. */
export function withSink(
  config: Config,
  engine: string,
  request: ForecastRequest,
  { sink, sinkPath }: Pick<BackfillInput, 'sink' | 'sinkPath'>,
): ForecastRequest {
  const place = placeOf({ sink, sinkPath }, config.sink, objectsOf(config, engine));
  return place.name === sinkNames[0] ? request : { ...request, sink: place };
}

/** An input that names the installation's sink where it names none. Throws `InvalidInput` for a place that is none. */
export function withUsualSink<Input extends Pick<BackfillInput, 'sink' | 'sinkPath'>>(
  config: Config,
  input: Input,
): Input {
  const { name } = placeOf(input, config.sink, objectsOf(config, config.mode));
  return input.sink !== undefined || name === sinkNames[0] ? input : { ...input, sink: name };
}

/** A model is a file of this folder and nothing else. */
function checkModel(checkout: string, key: string): void {
  const known = readdirSync(`${checkout}/spark/sevenfold_jobs/forecast/models`)
    .filter((file) => file.endsWith('.py') && !file.startsWith('_'))
    .map((file) => file.slice(0, -3));
  if (known.includes(key)) return;
  throw new Failure('InvalidInput', `There is no model "${key}". ${suggestion(key, known)}`);
}

/** What a run of forecasts is about, as it was resolved when the run was opened. */
export function requestOf(run: Pick<Run, 'key' | 'request'>): ForecastRequest {
  if (run.request === null) throw new Error(`${run.key} is no run of forecasts.`);
  return run.request as unknown as ForecastRequest;
}

/** The days of a series that have a row: trading days, or all. */
export async function readOpenDays(
  database: Database,
  commodity: string,
  calendar: 'trading' | 'calendar',
): Promise<Day[]> {
  // As one text: 46,000 rows take a tenth of a second to be read.
  const found = await database.query<{ days: string | null }>(
    `select string_agg(distinct date::text, ',' order by date::text) as days
       from prices where commodity = $1 and (is_trading_day or $2 = 'calendar')`,
    [commodity, calendar],
  );
  return found.rows[0]!.days?.split(',') ?? [];
}

/** What the sink holds of one forecast date. */
export interface DateState {
  date: Day;
  /** Rows of paths that are there, and those of them without a null or infinite day. */
  found: number;
  sound: number;
  points: number;
  state: 'complete' | 'partial' | 'missing' | 'extra';
  /** Whole, but made from other prices, another model or an older rule than today's. */
  changed: boolean;
}

/** A model's files are counted by one core, in 180 MB; meanwhile those of the next models are. */
const modelsCountedAtOnce = Math.min(availableParallelism(), 4);

/** What is there of a model's dates: one for each that is due, and one for each that is there without being due. */
export type ModelDates = { model: ForecastModel; dates: DateState[] } & Pick<PathsSeen, 'foreign' | 'lost'>;

/** Reads the sink for each model of a request, in their order. */
export async function* lookAtDates(
  { database, config }: World,
  request: ForecastRequest,
  due: readonly DueDate[],
): AsyncGenerator<ModelDates, void, undefined> {
  const { commodity, start, end, paths, horizon, models } = request;
  const sink = sinkAt(config, request.sink);
  const known = knownAt(database, commodity, due);
  const looks: Promise<PathsSeen>[] = [];
  const judged: Promise<ModelDates>[] = [];
  for (const [place, model] of models.entries()) {
    const { version } = model;
    const looked = after(looks[place - modelsCountedAtOnce], () =>
      sink.look(database, { commodity, version, start, end, paths, horizon }),
    );
    looks.push(looked);
    judged.push(
      after(judged[place - modelsCountedAtOnce], async () => {
        const seen = await looked;
        const dates = await judgeDates(database, request, model, await known, seen);
        return { model, dates, foreign: seen.foreign, lost: seen.lost };
      }),
    );
  }
  // Each is thrown where its turn comes.
  for (const each of [known, ...looks, ...judged]) each.catch(() => undefined);
  for (const each of judged) yield await each;
}

/** `next`, once what came before has ended, however it did. */
function after<T>(before: Promise<unknown> | undefined, next: () => Promise<T>): Promise<T> {
  return before === undefined ? next() : before.then(next, next);
}

/** The dates that are due, as columns of the statement: the same for every model. */
interface KnownDates {
  dates: string;
  trainingDates: string;
  /** How many prices were known for each, and their digest (sql/known-prices.sql). */
  rows: string;
  digests: string;
}

async function knownAt(database: Database, commodity: string, due: readonly DueDate[]): Promise<KnownDates> {
  const asOf = arrayText(due.map((each) => each.asOf));
  const found = await database.query<Pick<KnownDates, 'rows' | 'digests'>>(knownSql, [commodity, asOf]);
  return {
    dates: arrayText(due.map(({ date }) => date)),
    trainingDates: arrayText(due.map(({ trainingDate }) => trainingDate)),
    ...found.rows[0]!,
  };
}

async function judgeDates(
  database: Database,
  request: ForecastRequest,
  model: ForecastModel,
  due: KnownDates,
  seen: PathsSeen,
): Promise<DateState[]> {
  const { rows } = await database.query<Record<keyof DateState, string | null>>(
    datesSql.replace(':paths', () => seen.select),
    [
      request.commodity,
      model.version,
      request.start,
      request.end,
      request.paths,
      request.horizon,
      due.dates,
      due.rows,
      due.digests,
      due.trainingDates,
      resultVersion('forecast_infer'),
      model.key,
      model.fitVersion,
      request.trainFrequency,
      seen.id,
      seen.withMetadata,
      ...seen.values,
    ],
  );
  const listed = (name: keyof DateState): string[] => rows[0]![name]?.slice(1, -1).split(',') ?? [];
  const [found, sound, points] = [listed('found'), listed('sound'), listed('points')];
  const [states, changed] = [listed('state'), listed('changed')];
  return listed('date').map((date, place) => ({
    date,
    found: Number(found[place]),
    sound: Number(sound[place]),
    points: Number(points[place]),
    state: states[place] as DateState['state'],
    changed: changed[place] === 't',
  }));
}

/** What is stored for one training window. */
export interface WindowState {
  date: Day;
  stored: boolean;
  /** Its state still has the hash that was noted when it was stored. */
  sound: boolean;
  /** Fitted on other rows than are there today. */
  changed: boolean;
}

export async function readWindows(
  database: Database,
  request: ForecastRequest,
  model: ForecastModel,
  trainingDates: readonly Day[],
): Promise<WindowState[]> {
  const read = await database.query<WindowState>(windowsSql, [
    request.commodity,
    model.key,
    model.fitVersion,
    request.trainFrequency,
    trainingDates,
  ]);
  return read.rows;
}

/** How much of what should be there is there, for one model. */
export interface Coverage {
  model: string;
  modelVersion: string;
  /** Dates that are due; those with too little history are not. */
  expected: number;
  complete: number;
  partial: Day[];
  missing: Day[];
  /** Dates that are there without being due. */
  extra: Day[];
  /** Complete, but made from other prices, another model or an older rule than today's. */
  changed: Day[];
  /** Too little history before their training date. */
  skipped: Day[];
  /** Rows of paths that are there for the dates that are due, and those that should be. */
  rows: number;
  rowsExpected: number;
}

/** Coverage by the definition by which a run is verified. */
export async function readCoverage(
  world: World,
  request: ForecastRequest,
  due: readonly DueDate[],
  openDays: readonly Day[],
): Promise<Coverage[]> {
  const possible = due.filter(({ trainingDate }) => hasHistory(openDays, trainingDate));
  const skipped = due.filter(({ trainingDate }) => !hasHistory(openDays, trainingDate));
  const covered: Coverage[] = [];
  for await (const { model, dates } of lookAtDates(world, request, possible)) {
    const having = (state: DateState['state']): Day[] =>
      dates.filter((each) => each.state === state).map(({ date }) => date);
    covered.push({
      model: model.key,
      modelVersion: model.version,
      expected: possible.length,
      complete: having('complete').length,
      partial: having('partial'),
      missing: having('missing'),
      extra: having('extra'),
      changed: dates.filter(({ changed }) => changed).map(({ date }) => date),
      skipped: skipped.map(({ date }) => date),
      rows: dates.reduce((rows, { state, sound }) => rows + (state === 'extra' ? 0 : sound), 0),
      rowsExpected: possible.length * request.paths,
    });
  }
  return covered;
}
