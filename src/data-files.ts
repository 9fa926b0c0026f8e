import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, fileProblem } from './failures.ts';

/** The tables of a pools folder: what is read, under any ending and packed or not (common/door/places.py). */
const tableFile =
  /^(pools|pool_history|prices_daily|gas_daily|macro|transactions)\.(csv|tsv|txt|parquet)(\.gz)?$/i;

/**
 * SHA-256 of what a job will read: of a file its bytes, of a folder of part files path, zero byte and bytes of each, in
 * the order of their paths, as spark/sevenfold_jobs/common/door/content.py counts it. InvalidInput for what cannot be read.
 */
export async function digestOfSource(path: string): Promise<string> {
  const hash = createHash('sha256');
  await addSource(hash, path);
  return hash.digest('hex');
}

/** The same of the tables in a pools folder, each with its name; other files there are nobody's business. */
export async function digestOfTables(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const names = asked(folder, () => readdirSync(folder));
  for (const name of names.filter((each) => tableFile.test(each)).sort()) {
    hash.update(`${name}\0`);
    await addSource(hash, join(folder, name));
  }
  return hash.digest('hex');
}

/** Whether there is a file or a folder; InvalidInput where that cannot even be asked. */
export function isThere(path: string): boolean {
  const stats = asked(path, () => statSync(path, { throwIfNoEntry: false }));
  return stats !== undefined && (stats.isFile() || stats.isDirectory());
}

/** Paths below a folder of part files, in the order of their bytes: what begins with `_` or `.` is no data. */
function partsOf(folder: string): string[] {
  const below = (inside: string): string[] =>
    readdirSync(join(folder, inside), { withFileTypes: true })
      .filter(({ name }) => !/^[_.]/.test(name))
      .flatMap((entry) => {
        const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
        const stats = statSync(join(folder, path));
        return stats.isDirectory() ? below(path) : stats.isFile() ? [path] : [];
      });
  return below('').sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

async function addSource(hash: Hash, path: string): Promise<void> {
  const stats = asked(path, () => statSync(path));
  if (stats.isFile()) return addFile(hash, path);
  // A pipe or a device would be read for ever.
  if (!stats.isDirectory()) {
    throw new Failure('InvalidInput', `${path} is neither a file nor a folder: put the data there.`);
  }
  for (const part of asked(path, () => partsOf(path))) {
    hash.update(`${part}\0`);
    await addFile(hash, join(path, part));
  }
}

async function addFile(hash: Hash, path: string): Promise<void> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }))
      hash.update(chunk as Buffer);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function asked<T>(path: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Failure {
  return new Failure('InvalidInput', `${path} ${fileProblem(error)}. Correct that, then start again.`, {
    cause: error,
  });
}
