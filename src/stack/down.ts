import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readChosen } from './chosen.ts';
import { clearCluster } from './cluster.ts';
import { endAllMarked, endParts, readRecords, someMarked } from './ending.ts';
import { writeJson } from './files.ts';
import { lockHolder, withLock } from './lock.ts';
import { partsFolder } from './part.ts';
import { isInside, isOwnOutside, socketFolder } from './places.ts';
import { isSame } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';
import { readStack, stackFile } from './record.ts';
import type { Stack } from './record.ts';
import { supervisorLock } from './supervisor.ts';
import type { PartStatus } from './watch.ts';

type Report = (line: string) => void;

interface Place {
  stateFolder: string;
}

/** Held by whoever starts or ends a stack. */
export function upLock(stateFolder: string): string {
  return path.join(stateFolder, 'up.lock');
}

/** The supervisor alone: its children are the parts, which must not go with it. */
export async function killAlone(supervisor: ProcessIdentity): Promise<void> {
  if (isSame(supervisor)) process.kill(supervisor.pid, 'SIGKILL');
  const deadline = performance.now() + 10_000;
  while (isSame(supervisor) && performance.now() < deadline) await sleep(10);
}

/**
 * Ends every process of the stack and leaves its data. Works by what the processes left in the state folder and by their
 * marks, so it does not matter whether the supervisor lives, nor whether the disk has room for a word.
 */
export async function takeDown({ stateFolder }: Place, report: Report): Promise<void> {
  const isKnown = readStack(stateFolder) !== undefined || readRecords(stateFolder).length > 0;
  if (!isKnown && !someMarked(stateFolder)) return;
  await alone(stateFolder, async () => {
    const supervisor = lockHolder(supervisorLock(stateFolder));
    if (supervisor !== undefined) await killAlone(supervisor);
    const records = readRecords(stateFolder);
    if (records.length > 0) report(`ending ${records.map(({ name }) => name).join(', ')}`);
    await endParts(stateFolder, records);
    await endAllMarked(stateFolder);
    const databaseFolder = readChosen(stateFolder)?.databaseFolder;
    if (databaseFolder !== undefined) await clearCluster(databaseFolder);
    rmSync(supervisorLock(stateFolder), { force: true });
    rmSync(partsFolder(stateFolder), { recursive: true, force: true });
    noteDown(stateFolder);
  });
}

/** Alone among all that start or end the stack, where the disk lets a lock be written; what runs has to end anyway. */
async function alone(stateFolder: string, work: () => Promise<void>): Promise<void> {
  let began = false;
  try {
    await withLock(upLock(stateFolder), () => {
      began = true;
      return work();
    });
  } catch (error) {
    if (began || !cannotWrite(error)) throw error;
    await work();
  }
}

function cannotWrite(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Without room for the note the description goes: what describes no stack describes none that runs. */
function noteDown(stateFolder: string): void {
  const stack = readStack(stateFolder);
  if (stack === undefined) return;
  const parts = stack.parts.map((part): PartStatus => ({
    ...part,
    state: 'stopped',
    pid: null,
    startTime: null,
  }));
  try {
    writeJson(stackFile(stateFolder), { ...stack, parts, supervisor: null } satisfies Stack);
  } catch (error) {
    if (!cannotWrite(error)) throw error;
    rmSync(stackFile(stateFolder), { force: true });
  }
}

/**
 * What the stack and its runs put into a state folder, and only that: somebody may have named a folder that holds other
 * things. What set-up made stays.
 */
const ours = new RegExp(
  `^(?:${[
    'addresses\\.json.*|stack\\.json.*|supervisor\\.lock.*|parts|logs|postgres(?:\\.new)?|\\.password-\\d+',
    'temporal\\.db(?:-.*)?|spark|batches|reports|objects|datasets|failpoints',
  ].join('|')})$`,
);
const keptByWipe = /^(?:toolchain\.json|bin|classes|setup.*|up\.lock.*)$/;

/** Takes the stack down and removes its data, also those outside the state folder. What set-up made stays. */
export async function wipe(place: Place, report: Report): Promise<void> {
  const { stateFolder } = place;
  await takeDown(place, report);
  const databaseFolder = readChosen(stateFolder)?.databaseFolder;
  if (databaseFolder !== undefined) {
    // What lies elsewhere under another's name is another's.
    if (isInside(databaseFolder, stateFolder)) rmSync(databaseFolder, { recursive: true, force: true });
    else if (isOwnOutside(databaseFolder, stateFolder)) {
      rmSync(path.dirname(databaseFolder), { recursive: true, force: true });
      report(`removed ${path.dirname(databaseFolder)}`);
    }
  }
  rmSync(socketFolder(stateFolder), { recursive: true, force: true });
  let entries: string[];
  try {
    entries = readdirSync(stateFolder);
  } catch {
    return;
  }
  for (const entry of entries.filter((name) => ours.test(name))) {
    rmSync(path.join(stateFolder, entry), { recursive: true, force: true });
  }
  report(`removed the data in ${stateFolder}`);
  const left = entries.filter((name) => !ours.test(name) && !keptByWipe.test(name));
  if (left.length > 0) report(`left what is not ours there: ${left.slice(0, 5).join(', ')}`);
}
