import { addDays } from '../planning/days.ts';
import type { Day } from '../planning/days.ts';

/** Why a workflow's guards refuse an input, in one line; undefined where they do not. */
export function refusalOf(parsed: { ok: true } | { ok: false; message: string }): string | undefined {
  return parsed.ok ? undefined : parsed.message;
}

/** A run by the clock works on the day of its nominal time; a fixed day would be done once and never again. */
export function fixedDay(workflow: string, input: Record<string, unknown>): string | undefined {
  return input['date'] === undefined
    ? undefined
    : `Input of ${workflow}: date is the day of the nominal time in a schedule. Leave it out.`;
}

export function dayOf(nominalTime: Date): Day {
  return nominalTime.toISOString().slice(0, 10);
}

/** The newest day that is over when a run is meant to start: what `end: yesterday` means. */
export function dayBefore(nominalTime: Date): Day {
  return addDays(dayOf(nominalTime), -1);
}
