import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import type { Zippable } from 'fflate';

/** The jobs as a cluster gets them. */
export interface CodePackage {
  /** 16 hex digits over the name and content of every file, so that no edit can ship stale code. */
  hash: string;
  /** The whole of sevenfold_jobs: `--py-files`. */
  zip: Uint8Array;
  /** What is started: spark/run_batch.py. */
  entry: Uint8Array;
}

// A zip keeps a time of each file, from 1980 on: with one for all, the same files are the same bytes.
const anyTime = new Date(1980, 0, 1);

/** Reads the folders that hold `sevenfold_jobs`; the first one also holds `run_batch.py`. */
export function packCode(folders: readonly string[]): CodePackage {
  const files: Zippable = {};
  const hash = createHash('sha256');
  for (const folder of folders) {
    for (const name of filesBelow(path.join(folder, 'sevenfold_jobs'))) {
      const content = readFileSync(path.join(folder, 'sevenfold_jobs', name));
      files[`sevenfold_jobs/${name}`] = [content, { mtime: anyTime }];
      hash.update(JSON.stringify([name, createHash('sha256').update(content).digest('hex')]));
    }
  }
  const entry = readFileSync(path.join(folders[0]!, 'run_batch.py'));
  hash.update(entry);
  return { hash: hash.digest('hex').slice(0, 16), zip: zipSync(files, { level: 6 }), entry };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(py|sql|json)$/.test(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .filter((name) => !name.includes('__pycache__'))
    .sort();
}
