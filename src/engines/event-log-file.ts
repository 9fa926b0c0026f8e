import { createReadStream, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Failure } from '../failures.ts';
import { summariseEventLog } from './event-log.ts';
import type { EventLogOptions, EventLogSummary } from './event-log.ts';

export interface EventLogFileOptions extends EventLogOptions {
  fromByte?: number;
  mostBytes?: number;
}

/** Reads a log's file, or the pieces in the folder of a rolling log (`eventlog_v2_…`). */
export async function summariseEventLogFile(
  file: string,
  { fromByte, mostBytes, ...options }: EventLogFileOptions = {},
): Promise<EventLogSummary> {
  const pieces = statSync(file).isDirectory() ? piecesOf(file) : [file];
  for (const piece of pieces) refuseUnreadable(piece);
  return summariseEventLog(linesOf(pieces, fromByte ?? 0, mostBytes ?? Number.POSITIVE_INFINITY), options);
}

function piecesOf(folder: string): string[] {
  const pieces = readdirSync(folder).flatMap((name) => {
    const number = /^events_(\d+)_/.exec(name)?.[1];
    return number === undefined ? [] : [{ number: Number(number), name }];
  });
  if (pieces.length === 0) {
    throw new Failure('InvalidInput', `${folder} holds no event log of Spark: no events_1_… is in it.`);
  }
  pieces.sort((one, other) => one.number - other.number);
  return pieces.map(({ name }) => path.join(folder, name));
}

function refuseUnreadable(file: string): void {
  const ending = /\.(zstd|lz4|lzf|snappy|compact)(?:\.inprogress)?$/.exec(file)?.[1];
  if (ending === undefined) return;
  throw new Failure(
    'InvalidInput',
    ending === 'compact'
      ? `${file} was compacted by the history server: ended jobs are no longer in it.`
      : `${file} is compressed, which is not read here. Set spark.eventLog.compress=false.`,
  );
}

async function* linesOf(
  files: readonly string[],
  fromByte: number,
  mostBytes: number,
): AsyncIterable<string> {
  let [skip, left, rest] = [fromByte, mostBytes, ''];
  for (const file of files) {
    const { size } = statSync(file);
    const start = Math.min(skip, size);
    skip -= start;
    const bytes = Math.min(left, size - start);
    left -= bytes;
    if (bytes <= 0) continue;
    const stream = createReadStream(file, { encoding: 'utf8', start, end: start + bytes - 1 });
    for await (const chunk of stream as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
  }
  if (rest !== '') yield rest;
}
