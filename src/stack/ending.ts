import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { readIfWhole } from './files.ts';
import { isOurs, isSamePlace, markVariable, stackMark } from './ownership.ts';
import { partsFolder, recordFile } from './part.ts';
import type { PartRecord } from './part.ts';
import { isSame, killTrees, processesMarked, signalProcess, variableOf, waitUntilGone } from './processes.ts';

/** The mark of a part's processes. */
export function markOf(stateFolder: string, part: string): string {
  return `${stackMark(stateFolder)}/${part}`;
}

/** Records of the parts that run here; those of the stack that a folder was copied from do not count. */
export function readRecords(stateFolder: string): PartRecord[] {
  let files: string[];
  try {
    files = readdirSync(partsFolder(stateFolder));
  } catch {
    return [];
  }
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => readIfWhole<PartRecord>(path.join(partsFolder(stateFolder), file)))
    .filter((record) => record !== undefined)
    .filter((record) => isOurs(record, stateFolder));
}

/** Ends a part and all that it started: asked first, killed when it does not follow. Its record goes last. */
export async function endPart(stateFolder: string, record: PartRecord): Promise<void> {
  if (signalProcess(record, record.stop.signal)) {
    signalProcess(record, 'SIGCONT'); // a stopped process hears of its end only when it runs
    await waitUntilGone([record], record.stop.graceMs);
    if (isSame(record)) await killTrees([record]);
  }
  await endLeftovers(stateFolder, record.name);
  rmSync(recordFile(stateFolder, record.name), { force: true });
}

/**
 * Ends what a part's dead processes left running, and one that works in this very folder by a name that it had before it
 * was moved: two servers must never write the same files.
 */
export async function endLeftovers(stateFolder: string, part: string): Promise<void> {
  const mark = markOf(stateFolder, part);
  const worksHere = (pid: number): boolean => isSamePlace(`/proc/${pid}/cwd`, stateFolder);
  const found = processesMarked(markVariable, (value) => value.endsWith(`/${part}`));
  await killTrees(found.filter(({ pid }) => variableOf(pid, markVariable) === mark || worksHere(pid)));
}

/** Does any process of the stack run, whatever its files say? */
export function someMarked(stateFolder: string): boolean {
  const stack = markOf(stateFolder, '');
  return processesMarked(markVariable, (value) => value.startsWith(stack)).length > 0;
}

/** Ends every process of the stack that still runs, its supervisor among them. */
export async function endAllMarked(stateFolder: string): Promise<void> {
  const stack = markOf(stateFolder, '');
  await killTrees(processesMarked(markVariable, (value) => value.startsWith(stack)));
}

/** Ends all parts, each before those that it needs, as quickly as they can. */
export async function endParts(stateFolder: string, records: PartRecord[]): Promise<void> {
  const ended = new Map<string, Promise<void>>();
  const end = (record: PartRecord): Promise<void> => {
    let done = ended.get(record.name);
    if (done === undefined) {
      const users = records.filter((other) => other.needs.includes(record.name));
      done = Promise.all(users.map(end)).then(() => endPart(stateFolder, record));
      ended.set(record.name, done);
    }
    return done;
  };
  await Promise.all(records.map(end));
}
