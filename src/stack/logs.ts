import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs';
import { mkdirSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { firstError, lastError, lastLine } from './last-words.ts';

const limitBytes = 10 * 1024 * 1024;
const kept = 3;

export function logFile(stateFolder: string, part: string): string {
  return path.join(stateFolder, 'logs', `${part}.log`);
}

/** Opens a part's log for appending; its processes write to it themselves, so that they outlive the supervisor. */
export function openLog(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true });
  rotateQuietly(file);
  return openSync(file, 'a', 0o600);
}

export function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

/**
 * Keeps a log below its limit. The file is copied and emptied, not renamed: the process that writes it holds it open
 * (in append mode, so it goes on at the new end).
 */
export function rotate(file: string, limit = limitBytes): void {
  if (sizeOf(file) < limit) return;
  for (let age = kept - 1; age >= 1; age--) {
    if (existsSync(`${file}.${age}`)) renameSync(`${file}.${age}`, `${file}.${age + 1}`);
  }
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

/** For processes that must outlive a full disk, on which a log can be neither copied nor cut. */
export function rotateQuietly(file: string): void {
  try {
    rotate(file);
  } catch {
    // It grows until there is room.
  }
}

// The reason for a failed start stands near its beginning, that for an end near the end of the log.
const readOfStart = 65_536;
const readOfEnd = 16_384;

/**
 * Why a process ended, by what its log says since `fromByte`: the first line that speaks of an error, or the last one of a
 * process that had worked, whose earlier errors were no reason to end. Else, unless only errors are wanted, its last line.
 */
export function lastWords(
  file: string,
  fromByte: number,
  { hadWorked = false, errorsOnly = false } = {},
): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    const start = fromByte <= size ? fromByte : 0; // rotated meanwhile
    const from = hadWorked ? Math.max(start, size - readOfEnd) : start;
    const buffer = Buffer.alloc(Math.min(size - from, readOfStart));
    readSync(fd, buffer, 0, buffer.length, from);
    const text = buffer.toString('utf8');
    const error = hadWorked ? lastError(text) : firstError(text);
    return error ?? (errorsOnly ? undefined : lastLine(text));
  } finally {
    closeSync(fd);
  }
}
