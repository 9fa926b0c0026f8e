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

const limitBytes = 10 * 1024 * 1024;
const kept = 3;

export function logFile(stateFolder: string, part: string): string {
  return path.join(stateFolder, 'logs', `${part}.log`);
}

/** Opens a part's log for appending; its processes write to it themselves, so that they outlive the supervisor. */
export function openLog(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true });
  rotate(file);
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

function words(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter(Boolean).join(': ') || line;
  } catch {
    return line;
  }
}

/**
 * What a log says about a process that ended: its last line that speaks of an error, else, unless only errors are
 * wanted, its last line.
 */
export function lastWords(file: string, fromByte: number, errorsOnly = false): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    const from = Math.max(fromByte <= size ? fromByte : 0, size - 16_384);
    const buffer = Buffer.alloc(size - from);
    readSync(fd, buffer, 0, buffer.length, from);
    const lines = buffer
      .toString('utf8')
      .split('\n')
      .map((line) => words(line.trim()))
      // Frames of a stack and Node's closing line say nothing about the cause.
      .filter((line) => line !== '' && !/^(at |Node\.js v|\^+$)/.test(line));
    const telling = lines.findLast((line) => /\b(error|fatal|panic|failed|cannot|could not)\b/i.test(line));
    return (telling ?? (errorsOnly ? undefined : lines.at(-1)))?.slice(0, 300);
  } finally {
    closeSync(fd);
  }
}
