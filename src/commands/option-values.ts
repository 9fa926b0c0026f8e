import { userInfo } from 'node:os';
import { Failure } from '../failures.ts';
import { addDays, dayAllowed, isDay } from '../planning/days.ts';
import type { Day } from '../planning/days.ts';
import { shown } from '../planning/legible.ts';

/** What is no number stays as it is, so that the guard shows it. */
export function numberOf(text: string | undefined): number | string | undefined {
  return text === undefined || text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
}

/** Names that were given one by one, with commas, or both. */
export function namesOf(given: readonly string[]): string[] {
  return given
    .flatMap((names) => names.split(/(?<!\\),/))
    .map((name) => name.replaceAll('\\,', ','))
    .filter((name) => name !== '');
}

/** Who decides: the name given, else that of whoever gives the command; nobody where the system has none for them. */
export function deciding(name: string | undefined): { by?: string } {
  if (name !== undefined) return { by: name };
  try {
    return { by: userInfo().username };
  } catch {
    return {};
  }
}

export function today(): Day {
  return new Date().toISOString().slice(0, 10);
}

/** The newest day that is over. */
export function yesterday(): Day {
  return addDays(today(), -1);
}

/** The day (UTC) that an option means: YYYY-MM-DD, `today` or `yesterday`; `InvalidInput` for anything else. */
export function dayOf(option: string, text: string): Day {
  const day = { today: today(), yesterday: yesterday() }[text.trim().toLowerCase()] ?? text;
  if (isDay(day)) return day;
  throw new Failure(
    'InvalidInput',
    `${option} is ${shown(text)}, but must be ${dayAllowed}, or today or yesterday.`,
  );
}

/** The same for what nothing can be known of yet. */
export function pastDayOf(option: string, text: string): Day {
  const day = dayOf(option, text);
  if (day <= today()) return day;
  throw new Failure('InvalidInput', `${option} ${day} lies in the future; today is ${today()} (UTC).`);
}

/** Both ends of a range, where they are given; `InvalidInput` where it ends before it begins. */
export function rangeOf(
  [fromOption, from]: [option: string, text: string | undefined],
  [toOption, to]: [option: string, text: string | undefined],
): { from: Day | undefined; to: Day | undefined } {
  const range = {
    from: from === undefined ? undefined : dayOf(fromOption, from),
    to: to === undefined ? undefined : dayOf(toOption, to),
  };
  if (range.from !== undefined && range.to !== undefined && range.from > range.to) {
    throw new Failure(
      'InvalidInput',
      `${fromOption} ${range.from} lies after ${toOption} ${range.to}: exchange them.`,
    );
  }
  return range;
}
