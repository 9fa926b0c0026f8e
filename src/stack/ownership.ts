import { statSync } from 'node:fs';
import path from 'node:path';
import { realFolder } from '../../setup/places.mjs';
import { shortHash } from './places.ts';
import { isSame, variableOf } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

/** Every process of a stack carries this variable: `<hash of the state folder>/<part>`. */
export const markVariable = 'SEVENFOLD_PART';

/**
 * A process that a file names. A folder that is copied or restored takes its files along, so each says for which folder it
 * was written: there, and nowhere else, the process may be used or ended.
 */
export interface NamedProcess extends ProcessIdentity {
  /** The real path of the folder; missing in files of older versions. */
  folder?: string;
}

/** The mark that all processes of a state folder begin with. */
export function stackMark(stateFolder: string): string {
  return shortHash(realFolder(stateFolder));
}

/**
 * Does the process run, and is it this folder's? Where the file does not say whose it is, the process itself must: by its
 * mark, which is that of the folder or of the state folder around it.
 */
export function isOurs(named: NamedProcess, folder: string): boolean {
  if (!isSame(named)) return false;
  const here = realFolder(folder);
  if (named.folder !== undefined) return named.folder === here;
  const mark = variableOf(named.pid, markVariable)?.split('/')[0];
  return mark !== undefined && [here, path.dirname(here)].some((one) => shortHash(one) === mark);
}

/** Are both paths one folder (or file) of this machine, by whatever names? False where one is missing. */
export function isSamePlace(one: string, other: string): boolean {
  try {
    const [a, b] = [statSync(one), statSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false;
  }
}
