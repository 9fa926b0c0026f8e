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
 * One value for the code of a checkout, by content: a `git pull` or an edit changes it, a mere `git checkout` there and
 * back does not. Some 150 small files: 10 ms. Set-up's result counts too, for it says with what the code runs.
 */
export function codeVersion(checkout: string, stateFolder: string): string {
  const hash = createHash('sha256');
  for (const place of places) addTo(hash, path.join(checkout, place), place);
  addTo(hash, path.join(stateFolder, 'toolchain.json'), 'toolchain.json');
  return hash.digest('hex').slice(0, 16);
}
