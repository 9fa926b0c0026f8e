import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Failure, isFailureType } from '../failures.ts';
import { beginPython, environmentWithDatabase } from '../python.ts';
import { processInfo } from '../stack/processes.ts';
import type { View } from './views.ts';

export type Format = 'csv' | 'parquet';

/** Where it goes. */
export interface ExportTarget {
  file: string;
  /** Replace a file that is there. */
  force: boolean;
}

export interface ExportRequest extends ExportTarget {
  view: View;
  /** Undefined: all of them. */
  dataset: string | undefined;
  /** Days, both included; undefined: from the first, to the last. */
  from: string | undefined;
  to: string | undefined;
}

export interface Exported {
  rows: number;
  bytes: number;
}

/** What a file's name says it should hold; `InvalidInput` for any other. */
export function formatOf(file: string): Format {
  const ending = extname(file).slice(1).toLowerCase();
  if (ending === 'csv' || ending === 'parquet') return ending;
  throw new Failure('InvalidInput', `${file} must end in .csv or .parquet: the ending says what is written.`);
}

/**
 * Writes a view to a file, which appears whole or not at all: a killed export leaves what was there. PostgreSQL streams,
 * a Python process writes (docs/decisions/011-exports-are-streamed-by-copy.md); memory does not grow with the rows.
 */
export async function exportView(
  request: ExportRequest,
  place: ExportPlace,
  onProgress: (so: Exported) => void = () => {},
): Promise<Exported> {
  const { view, dataset, from, to } = request;
  if (view.day === null && (from !== undefined || to !== undefined)) {
    throw new Failure(
      'InvalidInput',
      `The rows of ${view.name} have no day: leave out --from and --to-date.`,
    );
  }
  const { sql, day, order } = view;
  const rows = {
    view: view.name,
    sql,
    day,
    order,
    dataset: dataset ?? null,
    from: from ?? null,
    to: to ?? null,
  };
  return exportRows(rows, request, place, onProgress);
}

/** Processes and the database that an export is made with. */
export interface ExportPlace {
  python: string;
  checkout: string;
  databaseUrl: string;
}

/** As `exportView`, for any rows that the Python side (sevenfold_jobs/export) can be asked for. */
export async function exportRows(
  rows: Record<string, unknown>,
  target: ExportTarget,
  place: ExportPlace,
  onProgress: (so: Exported) => void = () => {},
): Promise<Exported> {
  const file = resolve(target.file);
  const format = formatOf(file);
  refuseToReplace(file, target.force);
  mkdirSync(dirname(file), { recursive: true });
  clearUnfinished(file);
  const unfinished = unfinishedName(file, process.pid);
  try {
    const written = await write({ ...rows, format, file: unfinished }, place, onProgress);
    refuseToReplace(file, target.force);
    renameSync(unfinished, file);
    return { rows: written.rows, bytes: statSync(file).size };
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function refuseToReplace(file: string, force: boolean): void {
  if (!existsSync(file)) return;
  if (!statSync(file).isFile())
    throw new Failure('InvalidInput', `${file} is not a file: choose another name.`);
  if (!force) throw new Failure('InvalidInput', `${file} is there already: replace it with --force.`);
}

function unfinishedName(file: string, pid: number): string {
  return join(dirname(file), `.${basename(file)}.${pid}.unfinished`);
}

/** Unfinished files that killed exports left in the same folder. */
function clearUnfinished(file: string): void {
  for (const name of readdirSync(dirname(file))) {
    if (!name.startsWith(`.${basename(file)}.`)) continue;
    const pid = /\.(\d+)\.unfinished$/.exec(name)?.[1];
    if (pid !== undefined && processInfo(Number(pid)) === undefined)
      rmSync(join(dirname(file), name), { force: true });
  }
}

interface Said extends Partial<Exported> {
  status: 'writing' | 'done' | 'failed';
  errorType?: string;
  message?: string;
}

async function write(
  request: Record<string, unknown>,
  place: ExportPlace,
  onProgress: (so: Exported) => void,
): Promise<Exported> {
  const { stdout, ended } = beginPython('sevenfold_jobs.export.main', request, {
    ...{ python: place.python, checkout: place.checkout },
    env: environmentWithDatabase(place.databaseUrl),
  });
  let last: Said | undefined;
  for await (const line of createInterface({ input: stdout })) {
    last = JSON.parse(line) as Said;
    if (last.status === 'writing') onProgress({ rows: last.rows ?? 0, bytes: last.bytes ?? 0 });
  }
  const { well, how } = await ended;
  if (last?.status === 'done' && well) return { rows: last.rows ?? 0, bytes: last.bytes ?? 0 };
  if (last?.status === 'failed') {
    const type = isFailureType(last.errorType) ? last.errorType : 'JobFailed';
    throw new Failure(type, `The export failed: ${last.message ?? 'no reason given'}`);
  }
  throw new Failure('Infrastructure', `The export ended early (${how}); nothing was written.`);
}
