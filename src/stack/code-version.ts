import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

// What the supervisor, the worker, the keeper and the jobs are made of.
const places = ['src', 'worker.ts', 'spark/sevenfold_jobs', 'config', 'package-lock.json'];

function addTo(hash: ReturnType<typeof createHash>, file: string, name: string): void {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') {
      const entries = readdirSync(file).filter((entry) => entry !== '__pycache__');
      for (const entry of entries.sort()) addTo(hash, path.join(file, entry), `${name}/${entry}`);
    }
    return; // what is not there, or was removed this moment, is told by its absence
  }
  hash.update(`${name}\0${content.length}\0`).update(content);
}

/**
 * One value for files and whole folders, named relative to `folder`, by their names and content; an absent one counts as
 * absent. `src` is some 150 small files: 10 ms.
 */
export function contentVersion(folder: string, names: readonly string[]): string {
  const hash = createHash('sha256');
  for (const name of names) addTo(hash, path.resolve(folder, name), path.basename(name));
  return hash.digest('hex').slice(0, 16);
}

/**
 * One value for the code of a checkout, by content: a `git pull` or an edit changes it, a mere `git checkout` there and
 * back does not. Set-up's result counts too, for it says with what the code runs.
 */
export function codeVersion(checkout: string, stateFolder: string): string {
  return contentVersion(checkout, [...places, path.join(stateFolder, 'toolchain.json')]);
}
