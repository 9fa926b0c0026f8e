import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { Failure } from '../failures.ts';
import { flag, oneOf, readFields } from '../planning/input.ts';
import type { Checked, Guards } from '../planning/input.ts';
import { shown } from '../planning/legible.ts';
import { suggestion } from '../planning/nearest.ts';
import { cron } from './cron.ts';
import { durationBetween, durationMs } from './duration.ts';
import { schedulable, schedulableNames } from './workflows.ts';

/** What Temporal does when a time comes and the run before it is still open; its own names. */
export const overlapPolicies = [
  'Skip',
  'BufferOne',
  'BufferAll',
  'CancelOther',
  'TerminateOther',
  'AllowAll',
] as const;

/** One schedule as config/schedules.json has it, complete and checked. Times are UTC, lengths of time as `2h`. */
export interface ScheduleEntry {
  id: string;
  workflow: string;
  /** Minute, hour, day of month, month, day of week. */
  cron: string;
  input: Record<string, unknown>;
  overlap: (typeof overlapPolicies)[number];
  /** How long after its time a run that was missed is still started. */
  catchUpWindow: string;
  /** Temporal pauses the schedule when a run fails. */
  pauseOnFailure: boolean;
  /** A run starts up to so much after its time. */
  jitter: string;
  /** After its time: whoever is not complete by then is late. */
  deadline: string;
}

const guards: Guards<ScheduleEntry> = {
  id: (value) =>
    typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,59}$/.test(value)
      ? { ok: true, value }
      : {
          ok: false,
          message: `is ${shown(value)}, but must be a name of at most 60 of a-z, 0-9 and "-".`,
        },
  // Asked at each use: a kind may be registered later than this file is loaded.
  workflow: (value) => oneOf(...schedulableNames())(value),
  cron,
  input: (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ok: true, value: value as Record<string, unknown> }
      : { ok: false, message: 'must be one JSON object.' },
  overlap: oneOf(...overlapPolicies),
  catchUpWindow: durationBetween('10s', '365d'),
  pauseOnFailure: flag,
  jitter: durationBetween('0s', '12h'),
  deadline: durationBetween('1m', '30d'),
};

const defaults = {
  input: {},
  overlap: 'Skip',
  catchUpWindow: '1d',
  pauseOnFailure: false,
  jitter: '0s',
} satisfies Partial<ScheduleEntry>;

/** The installation's own data set, for schedules that name none. */
export type Installation = Pick<Config, 'checkout' | 'dataset' | 'datasetPath'>;

const file = 'config/schedules.json';

/** Reads config/schedules.json; a refusal is one line that names the schedule and the field. */
export function loadSchedules(installation: Installation): ScheduleEntry[] {
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(join(installation.checkout, file), 'utf8'));
  } catch (error) {
    throw new Failure('InvalidInput', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return readSchedules(raw, installation);
}

export function readSchedules(raw: unknown, installation: Installation): ScheduleEntry[] {
  if (!Array.isArray(raw)) throw new Failure('InvalidInput', `${file} must be a list of schedules.`);
  const entries = (raw as unknown[]).map((one, index) => readEntry(one, index, installation));
  const twice = entries.find((entry, index) => entries.findIndex(({ id }) => id === entry.id) < index);
  if (twice !== undefined) throw new Failure('InvalidInput', `${file} has two schedules "${twice.id}".`);
  return entries;
}

function readEntry(raw: unknown, index: number, installation: Installation): ScheduleEntry {
  const id = (raw as { id?: unknown } | null)?.id;
  const what = `${file}, ${typeof id === 'string' ? `schedule "${id}"` : `entry ${index + 1}`}`;
  const entry = accepted(readFields(raw, what, guards, ['id', 'workflow', 'cron', 'deadline']));
  const whole: ScheduleEntry = { ...defaults, ...entry };
  whole.input = fillDataset(whole, installation);
  const refusal = schedulable(whole.workflow)!.refusal(whole.input);
  if (refusal !== undefined) {
    const hint =
      installation.dataset === 'files' &&
      installation.datasetPath === undefined &&
      entry.input?.['dataset'] === undefined
        ? ' The data set is the installation’s own (SEVENFOLD_DATASET=files): set SEVENFOLD_DATASET_PATH.'
        : '';
    throw new Failure('InvalidInput', `${what}: ${refusal}${hint}`);
  }
  if (durationMs(whole.deadline)! <= durationMs(whole.jitter)!) {
    throw new Failure(
      'InvalidInput',
      `${what}: deadline ${whole.deadline} must be longer than jitter ${whole.jitter}.`,
    );
  }
  return whole;
}

function fillDataset(
  { workflow, input }: ScheduleEntry,
  installation: Installation,
): Record<string, unknown> {
  if (schedulable(workflow)?.takesDataset !== true || input['dataset'] !== undefined) return input;
  const { dataset, datasetPath } = installation;
  return {
    ...input,
    dataset,
    ...(dataset === 'files' &&
      input['path'] === undefined &&
      datasetPath !== undefined && { path: datasetPath }),
  };
}

function accepted<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  throw new Failure('InvalidInput', checked.message);
}

/** The entries that a person named; all where none was. */
export function chooseEntries(entries: readonly ScheduleEntry[], ids: readonly string[]): ScheduleEntry[] {
  const known = entries.map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new Failure('InvalidInput', `${file} has no schedule "${unknown}". ${suggestion(unknown, known)}`);
  }
  return ids.length === 0 ? [...entries] : entries.filter(({ id }) => ids.includes(id));
}
