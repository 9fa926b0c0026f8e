import { addDays } from '../../planning/days.ts';
import type { Day } from '../../planning/days.ts';
import { day, flag, oneOf, readFields, text, wholeNumber } from '../../planning/input.ts';
import type { Guards } from '../../planning/input.ts';
import { placementGuards } from '../../planning/placement-input.ts';
import type { PlacementInput } from '../../planning/placement-input.ts';
import { checkSource, datasetKey } from '../daily/input.ts';
import type { Source } from '../daily/input.ts';
import type { PoolUnit } from './phases.ts';

/** What `evaluatePools` is started with. */
export interface EvaluationInput extends Source, PlacementInput {
  /** The run date: the newest day that is evaluated is the one before it, the newest that is complete. */
  date?: Day;
  /** Days to walk over. */
  days: number;
  /** Evaluate every day again, whatever is there. */
  force?: boolean;
}

const what = 'Input of evaluatePools';

/** About half a minute on two cores, so that a run that is killed repeats little. */
const daysInABatch = 10;

const guards: Guards<EvaluationInput> = {
  dataset: oneOf('sample', 'files', 'live'),
  date: day,
  path: text,
  days: wholeNumber(1, 1_000),
  force: flag,
  ...placementGuards,
};

export function parseEvaluationInput(
  raw: unknown,
): { ok: true; input: EvaluationInput } | { ok: false; message: string } {
  const read = readFields<EvaluationInput>(raw, what, guards, ['dataset', 'days']);
  if (!read.ok) return read;
  const refusal = checkSource(read.value);
  return refusal === undefined
    ? { ok: true, input: read.value }
    : { ok: false, message: `${what}: ${refusal}` };
}

/** The first and the last day that are evaluated. */
export function evaluatedDays(date: Day, days: number): { firstDay: Day; lastDay: Day } {
  return { firstDay: addDays(date, -days), lastDay: addDays(date, -1) };
}

export function evaluationKey(input: EvaluationInput, date: Day): string {
  const { firstDay, lastDay } = evaluatedDays(date, input.days);
  return `evaluate/${datasetKey(input)}/${firstDay}..${lastDay}`;
}

/** The data first, as a daily run of that date has it; then the days, one batch a stretch. */
export function evaluationUnits(date: Day, days: number): PoolUnit[] {
  const { firstDay, lastDay } = evaluatedDays(date, days);
  const units: PoolUnit[] = ['prepare', 'ingest', 'prefilter', 'metrics'];
  for (let first = firstDay; first <= lastDay; first = addDays(first, daysInABatch)) {
    const last = addDays(first, daysInABatch - 1);
    units.push(`days ${first}..${last < lastDay ? last : lastDay}`);
  }
  return units;
}
