/**
 * Guards for what a workflow is started with. They run inside workflow code, so no library: each answers with the value
 * or with the end of a sentence that begins with the field's name.
 */
import { isDay } from './days.ts';
import type { Day } from './days.ts';
import { suggestion } from './nearest.ts';

export type Checked<T> = { ok: true; value: T } | { ok: false; message: string };
export type Guard<T> = (value: unknown) => Checked<T>;

/** One guard for each field of T. */
export type Guards<T> = { [Field in keyof T]-?: Guard<Exclude<T[Field], undefined>> };

/** Some other than empty text. */
export const text: Guard<string> = (value) =>
  typeof value === 'string' && value.trim() !== '' ? accept(value) : refuse(value, 'text that is not empty');

export const flag: Guard<boolean> = (value) =>
  typeof value === 'boolean' ? accept(value) : refuse(value, 'true or false');

export function wholeNumber(least: number, most: number): Guard<number> {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? accept(value)
      : refuse(value, `a whole number from ${least} to ${most}`);
}

/** A real day of the calendar. */
export const day: Guard<Day> = (value) =>
  isDay(value) ? accept(value) : refuse(value, 'a day of the calendar as YYYY-MM-DD');

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
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { ok: false, message: `${what} must be one JSON object, but is ${shown(raw)}.` };
  }
  const known = Object.keys(guards);
  const value: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(raw)) {
    if (!Object.hasOwn(guards, name)) {
      return { ok: false, message: `${what}: unknown field "${clipped(name)}". ${suggestion(name, known)}` };
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

function accept<T>(value: T): Checked<T> {
  return { ok: true, value };
}

function refuse(value: unknown, must: string, word?: string, known?: readonly string[]): Checked<never> {
  const guess = word !== undefined && known !== undefined ? suggestion(word, known) : '';
  const hint = guess.startsWith('Did') ? ` ${guess}` : '';
  return { ok: false, message: `is ${shown(value)}, but must be ${must}.${hint}` };
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  return clipped(JSON.stringify(value) ?? typeof value);
}

/** Keeps a message to one readable line whatever was sent. */
function clipped(value: string): string {
  return value.length <= 80 ? value : `${value.slice(0, 77)}...`;
}
