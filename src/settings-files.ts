import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, fileProblem } from './failures.ts';
import { legible, shown } from './planning/legible.ts';
import { suggestion } from './planning/nearest.ts';

/** The content of a settings file, named as it stands in the checkout; `InvalidInput` where there is none. */
export function readJson(checkout: string, file: string): unknown {
  let content: string;
  try {
    content = readFileSync(join(checkout, file), 'utf8');
  } catch (error) {
    throw new Failure('InvalidInput', `${file} ${fileProblem(error)}.`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new Failure('InvalidInput', `${file} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
}

/** One JSON object with known names alone; an unknown one is refused with the nearest. */
export function objectOf(
  file: string,
  raw: unknown,
  known: readonly string[],
  name = 'the file',
): Record<string, unknown> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    refuse(file, name, raw, 'one JSON object');
  for (const key of Object.keys(raw)) {
    if (!known.includes(key)) {
      throw new Failure(
        'InvalidInput',
        `${file}: ${name} has the unknown name "${legible(key)}". ${suggestion(key, known)}`,
      );
    }
  }
  return raw as Record<string, unknown>;
}

/** Refuses a value with its file, its name and what is allowed. */
export function refuse(file: string, name: string, value: unknown, allowed: string): never {
  throw new Failure('InvalidInput', `${file}: ${name} is ${shown(value)}, but must be ${allowed}.`);
}
