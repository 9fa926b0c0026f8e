import { digest } from '../digest.ts';
import type { Day } from '../../planning/days.ts';
import { defaults } from './input.ts';
import type { AuditInput, BackfillInput, TrainInput } from './input.ts';
import { sinkNames } from './planning/sink-names.ts';

type Sinks = Pick<BackfillInput, 'sink' | 'sinkPath'>;
type Options = Pick<BackfillInput, 'trainFrequency' | 'calendar' | 'paths' | 'horizon' | 'seed' | 'draw'>;

/** The model's key where every option has its default, else `<key>@<6 hex of the options that differ>`. */
export function modelVersion(model: string, options: Options): string {
  const differing = Object.entries(defaults).flatMap(([name, usual]) => {
    const value = options[name as keyof Options];
    return value === undefined || value === usual ? [] : [[name, value]];
  });
  return differing.length === 0 ? model : `${model}@${digest(differing, 6)}`;
}

/** Under what a fitted model is stored: of the options, only the calendar changes what it learns from. */
export function fitVersion(model: string, { calendar }: Options): string {
  return modelVersion(model, calendar === undefined ? {} : { calendar });
}

/** `yesterday` as the day it was when the run was meant to start. */
export function lastDay(end: TrainInput['end'], yesterday: Day): Day {
  return end === undefined || end === 'yesterday' ? yesterday : end;
}

/** What the ledger knows a backfill by: the range and what its rows depend on, not how it is carried out. */
export function backfillKey(input: BackfillInput, yesterday: Day): string {
  return `backfill/${range(input, yesterday)}/${digest([input.models, optionsOf(input), ...sinkOf(input)], 8)}`;
}

export function trainKey(input: TrainInput, yesterday: Day): string {
  // An option that is there but undefined is one that was left out: the workflow's input has lost it.
  const options = [input.trainFrequency ?? defaults.trainFrequency, input.calendar ?? defaults.calendar];
  return `train-models/${range(input, yesterday)}/${digest([input.models, ...options], 8)}`;
}

export function auditKey(input: AuditInput, yesterday: Day): string {
  return `audit/${range(input, yesterday)}/${digest([input.models, optionsOf(input), input.sample, ...sinkOf(input)], 8)}`;
}

function range({ commodity, start, end }: TrainInput, yesterday: Day): string {
  return `${commodity}/${start ?? 'first'}..${lastDay(end, yesterday)}`;
}

function optionsOf(input: Options): unknown[] {
  return Object.entries(defaults).map(([name, usual]) => input[name as keyof Options] ?? usual);
}

/** Paths in another place are another run; in the usual one the key is what it was when there was one place only. */
function sinkOf({ sink, sinkPath }: Sinks): unknown[] {
  return sink === undefined || sink === sinkNames[0] ? [] : [[sink, sinkPath ?? null]];
}
