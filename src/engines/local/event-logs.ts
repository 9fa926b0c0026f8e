import { createReadStream, createWriteStream, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A place in the event log of a Spark application: which piece of it, and how far into that. */
export interface LogPosition {
  piece: number;
  byte: number;
}

const pieceName = /^events_(\d+)_/;

/** Where the log ends now. */
export function endOfLog(folder: string): LogPosition {
  const last = piecesOf(folder).at(-1);
  return last === undefined ? { piece: 0, byte: 0 } : { piece: last.number, byte: statSync(last.file).size };
}

/** Copies what was written since into one file; false where there is nothing. */
export async function copyLogSince(folder: string, since: LogPosition, target: string): Promise<boolean> {
  const pieces = piecesOf(folder).filter(({ number }) => number >= since.piece);
  let any = false;
  for (const { number, file } of pieces) {
    const start = number === since.piece ? since.byte : 0;
    if (statSync(file).size <= start) continue;
    await pipeline(createReadStream(file, { start }), createWriteStream(target, { flags: 'a', mode: 0o600 }));
    any = true;
  }
  return any;
}

/** Removes all pieces but the one that is being written. */
export function dropOldPieces(folder: string): void {
  for (const { file } of piecesOf(folder).slice(0, -1)) rmSync(file, { force: true });
}

/** Spark makes a folder an application, `eventlog_v2_<id>`, with numbered pieces in it. */
function piecesOf(folder: string): { number: number; file: string }[] {
  const pieces = subfolders(folder).flatMap((application) =>
    entries(path.join(folder, application)).flatMap((name) => {
      const number = pieceName.exec(name)?.[1];
      return number === undefined
        ? []
        : [{ number: Number(number), file: path.join(folder, application, name) }];
    }),
  );
  return pieces.sort((one, other) => one.number - other.number);
}

function subfolders(folder: string): string[] {
  return entries(folder).filter((name) => name.startsWith('eventlog_v2_'));
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
