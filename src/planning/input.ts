/**
 * Guards for what a workflow is started with. They run inside workflow code, so no library: each answers with the value
 * or with the end of a sentence that begins with the field's name. Whatever is sent, the answer is one bounded line, and
 * comes at once.
 */
import { dayAllowed, isDay } from './days.ts';
import type { Day } from './days.ts';
import { excess, legible, shown } from './legible.ts';
import { suggestion } from './nearest.ts';

export type Checked<T> = { ok: true; value: T } | { ok: false; message: string };
export type Guard<T> = (value: unknown) => Checked<T>;

/** One guard for each field of T. */
export type Guards<T> = { [Field in keyof T]-?: Guard<Exclude<T[Field], undefined>> };

/** Longer than any path that a file system takes. */
const longestText = 4_096;

/**
 * Some other than empty text. Control characters and halves of surrogate pairs are in no name that somebody means, and
 * PostgreSQL takes neither.
 */
export const text: Guard<string> = (value) => {
  if (typeof value !== 'string' || value.trim() === '') return refuse(value, 'text that is not empty');
  if (value.length > longestText) return refuse(value, `text of at most ${longestText} characters`);
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Cs}/u.test(value)
    ? refuse(value, 'text without control characters')
    : accept(value);
};

export const flag: Guard<boolean> = (value) =>
  typeof value === 'boolean' ? accept(value) : refuse(value, 'true or false');

export function wholeNumber(least: number, most: number): Guard<number> {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? accept(value)
      : refuse(value, `a whole number from ${least} to ${most}`);
}

/** A real day of the calendar. */
export const day: Guard<Day> = (value) => (isDay(value) ? accept(value) : refuse(value, dayAllowed));

export function oneOf<const T extends string>(...allowed: readonly T[]): Guard<T> {
  return (value) => {
    const known = allowed.find((each) => each === value);
    if (known !== undefined) return accept(known);
    const must = allowed.length === 1 ? `"${allowed[0]}"` : `one of ${allowed.join(', ')}`;
    return refuse(value, must, typeof value === 'string' ? value : undefined, allowed);
  };
}

export function listOf<T>(guard: Guard<T>): Guard<T[]> {
  return (value) => {
    if (!Array.isArray(value)) return refuse(value, 'a list');
    const list: T[] = [];
    for (const item of value as unknown[]) {
      const checked = guard(item);
      if (!checked.ok) return { ok: false, message: `holds an item that ${checked.message}` };
      list.push(checked.value);
    }
    return accept(list);
  };
}

/** An object whose fields have names of their own: parameters, for example. */
export function recordOf<T>(guard: Guard<T>): Guard<Record<string, T>> {
  return (value): Checked<Record<string, T>> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return refuse(value, 'an object');
    const fields: [string, T][] = [];
    for (const [name, given] of Object.entries(value)) {
      const checked = guard(given);
      if (!checked.ok) return { ok: false, message: `has ${legible(name)}, which ${checked.message}` };
      fields.push([name, checked.value]);
    }
    // Not by assignment, which would lose a field of the name __proto__ instead of showing it to whoever knows the names.
    return accept(Object.fromEntries(fields));
  };
}

/**
 * Reads one JSON object field by field. Unknown fields are refused with the nearest known name; a field that is
 * undefined counts as left out. `what` begins every message.
 */
export function readFields<T extends object>(
  raw: unknown,
  what: string,
  guards: Guards<T>,
  required: readonly (keyof T & string)[],
): Checked<T> {
  const tooMuch = excess(raw);
  if (tooMuch !== undefined) return { ok: false, message: `${what} ${tooMuch}: send less.` };
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { ok: false, message: `${what} must be one JSON object, but is ${shown(raw)}.` };
  }
  const known = Object.keys(guards);
  const value: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(raw)) {
    if (!Object.hasOwn(guards, name)) {
      return { ok: false, message: `${what}: unknown field "${legible(name)}". ${suggestion(name, known)}` };
    }
    if (given === undefined) continue;
    const checked: Checked<unknown> = guards[name as keyof T](given);
    if (!checked.ok) return { ok: false, message: `${what}: ${name} ${checked.message}` };
    value[name] = checked.value;
  }
  const missing = required.find((name) => value[name] === undefined);
  if (missing !== undefined) return { ok: false, message: `${what}: ${missing} is missing.` };
  return accept(value as T);
}

export function accept<T>(value: T): Checked<T> {
  return { ok: true, value };
}

/** That a value is not what it must be; a word among known ones gets the nearest of them. */
export function refuse(
  value: unknown,
  must: string,
  word?: string,
  known?: readonly string[],
): Checked<never> {
  const guess = word !== undefined && known !== undefined ? suggestion(word, known) : '';
  const hint = guess.startsWith('Did') ? ` ${guess}` : '';
  return { ok: false, message: `is ${shown(value)}, but must be ${must}.${hint}` };
}
