import { dayAllowed, isDay } from '../../planning/days.ts';
import type { Day } from '../../planning/days.ts';
import {
  accept,
  day,
  flag,
  listOf,
  oneOf,
  readFields,
  refuse,
  text,
  wholeNumber,
} from '../../planning/input.ts';
import type { Guard, Guards } from '../../planning/input.ts';
import { placementGuards } from '../../planning/placement-input.ts';
import type { PlacementInput } from '../../planning/placement-input.ts';
import { isPlaceOfSink, sinkNames } from './planning/sink-names.ts';
import type { SinkName } from './planning/sink-names.ts';
import { trainFrequencies } from './planning/training-calendar.ts';
import type { TrainFrequency } from './planning/training-calendar.ts';

/** Which models of which series, trained how often: what `trainForecastModels` is started with. */
export interface TrainInput extends PlacementInput {
  /** A series of the table `commodities`, for example WTI. */
  commodity: string;
  /** Keys of spark/sevenfold_jobs/forecast/models. */
  models: string[];
  trainFrequency?: TrainFrequency;
  /** The first date; left out, 1,095 days after the first price. */
  start?: Day;
  /** The last date, or `yesterday`, which it is when left out. */
  end?: Day;
  calendar?: 'trading' | 'calendar';
  /** Train every window again, whatever is stored. */
  retrain?: boolean;
  concurrency?: number;
}

/** What `forecastBackfill` is started with. */
export interface BackfillInput extends TrainInput {
  /** Paths a date. */
  paths?: number;
  /** Trading days ahead; the table holds 14. */
  horizon?: number;
  seed?: number;
  /** How a path's steps are drawn: from the model's own past errors, or from a normal distribution of their variance. */
  draw?: 'bootstrap' | 'gaussian';
  /** Where the paths go; left out, what SEVENFOLD_SINK says. */
  sink?: SinkName;
  /** A folder, from / on, or gs://…: for a sink that keeps files. */
  sinkPath?: string;
  /** Dates sent together in one batch. */
  chunk?: 'auto' | number;
  /** `changed`: dates whose data or model have changed since are done again; `all`: every date is. */
  redo?: 'changed' | 'all';
  /** Only look at the rows and give the verdicts. */
  verifyOnly?: boolean;
  /** The token of a plan: the start is refused when the world has changed since. */
  plan?: string;
}

/** What `auditForecasts` is started with: a backfill's options, and the share of its dates that is made again. */
export interface AuditInput extends Omit<BackfillInput, 'redo' | 'verifyOnly' | 'plan' | 'retrain'> {
  /** Above 0, at most 1. */
  sample: number;
}

/** Other names under which a model is known. */
const otherNames = new Map([['sarimax_auto_weather', 'sarimax']]);

export const defaults = {
  trainFrequency: 'semiannually',
  calendar: 'trading',
  paths: 2_000,
  horizon: 14,
  seed: 0,
  draw: 'bootstrap',
} as const;

/** The columns day_1 … day_14 of the table `distributions`. */
export const longestHorizon = 14;
const mostPaths = 100_000;
const mostInFlight = 64;

const lastDate: Guard<Day> = (value) =>
  value === 'yesterday' || isDay(value) ? accept(value) : refuse(value, `${dayAllowed}, or "yesterday"`);

const placeOfSink: Guard<string> = (value) =>
  typeof value === 'string' && isPlaceOfSink(value)
    ? accept(value)
    : refuse(value, "a folder's path from / on, or gs://bucket/folder");

const share: Guard<number> = (value) =>
  typeof value === 'number' && value > 0 && value <= 1
    ? accept(value)
    : refuse(value, 'a share above 0 and at most 1');

const chunkSize: Guard<'auto' | number> = (value) =>
  value === 'auto' || (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 10_000)
    ? accept(value)
    : refuse(value, '"auto" or 1 to 10000 dates');

const trainGuards: Guards<TrainInput> = {
  commodity: text,
  models: listOf(text),
  trainFrequency: oneOf(...trainFrequencies),
  start: day,
  end: lastDate,
  calendar: oneOf('trading', 'calendar'),
  retrain: flag,
  concurrency: wholeNumber(1, mostInFlight),
  ...placementGuards,
};

const backfillGuards: Guards<BackfillInput> = {
  ...trainGuards,
  paths: wholeNumber(1, mostPaths),
  horizon: wholeNumber(1, longestHorizon),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  draw: oneOf('bootstrap', 'gaussian'),
  sink: oneOf(...sinkNames),
  sinkPath: placeOfSink,
  chunk: chunkSize,
  redo: oneOf('changed', 'all'),
  verifyOnly: flag,
  plan: text,
};

const { redo: _redo, verifyOnly: _verifyOnly, plan: _plan, retrain: _retrain, ...sampled } = backfillGuards;
const auditGuards: Guards<AuditInput> = { ...sampled, sample: share };

export type Parsed<Input> = { ok: true; input: Input } | { ok: false; message: string };

export function parseBackfillInput(raw: unknown): Parsed<BackfillInput> {
  return parse<BackfillInput>('Input of forecastBackfill', raw, backfillGuards, ['commodity', 'models']);
}

export function parseTrainInput(raw: unknown): Parsed<TrainInput> {
  return parse<TrainInput>('Input of trainForecastModels', raw, trainGuards, ['commodity', 'models']);
}

export function parseAuditInput(raw: unknown): Parsed<AuditInput> {
  return parse<AuditInput>('Input of auditForecasts', raw, auditGuards, ['commodity', 'models', 'sample']);
}

function parse<Input extends TrainInput>(
  what: string,
  raw: unknown,
  guards: Guards<Input>,
  required: readonly (keyof Input & string)[],
): Parsed<Input> {
  const read = readFields<Input>(raw, what, guards, required);
  if (!read.ok) return read;
  const input = read.value;
  if (input.models.length === 0)
    return { ok: false, message: `${what}: models is empty; name at least one.` };
  if (input.start !== undefined && isDay(input.end) && input.start > input.end) {
    return {
      ok: false,
      message: `${what}: start ${input.start} lies after end ${input.end}: exchange them.`,
    };
  }
  const models = [...new Set(input.models.map((model) => otherNames.get(model) ?? model))].sort();
  return { ok: true, input: { ...input, commodity: input.commodity.toUpperCase(), models } };
}
