import { readFileSync } from 'node:fs';
import { writeWhole } from '../../setup/whole-file.mjs';

/** Undefined where there is no such file. */
export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** As `readJson`, where a file that is not whole says no more than one that is missing. */
export function readIfWhole<T>(file: string): T | undefined {
  try {
    return readJson<T>(file);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Nobody but us can read it. */
export function writeJson(file: string, value: unknown): void {
  writeWhole(file, `${JSON.stringify(value, null, 2)}\n`);
}
