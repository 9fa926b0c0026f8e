import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Database } from '../database/pool.ts';
import { isTerminal } from '../engines/engine.ts';
import type { BatchState } from '../engines/engine.ts';
import { objectsFolder } from '../objects.ts';
import { readJson } from '../stack/files.ts';
import type { RetentionPolicy } from './policy.ts';
import type { Pruned } from './tables.ts';

interface Entry {
  path: string;
  bytes: number;
  /** When it was last written, or when its batch ended. */
  at: Date;
}

/** Whether an open run uses it, and when the last of all its runs ended. */
interface Used {
  now: boolean;
  last: Date;
}

/**
 * Removes old files and folders of the state folder and of the object store, where that is a folder too; what an open run or
 * the newest allocation needs stays.
 */
export async function pruneFolders(
  database: Database,
  config: Pick<Config, 'stateFolder' | 'objects'>,
  policy: RetentionPolicy,
  now: Date,
  dryRun: boolean,
): Promise<Pruned[]> {
  const needed = await inUse(database);
  const { stateFolder } = config;
  const objects = objectsFolder(config);
  const kinds: [string, number | null, () => Entry[]][] = [
    [
      'batches/ (folders)',
      policy.batchFolders,
      () => endedBatches(join(stateFolder, 'batches'), needed.batches),
    ],
    ['logs/ (rotated)', policy.oldLogs, () => files(join(stateFolder, 'logs'), /\.log\.\d+$/)],
    [
      'reports/ (pages)',
      policy.reports,
      () =>
        files(join(stateFolder, 'reports'), /\.html$/).filter(
          ({ path }) => !needed.reports.some((report) => join(stateFolder, report) === path),
        ),
    ],
    [
      'objects/cv/ (folds and fits)',
      policy.cvFolds,
      () => (objects === undefined ? [] : preparedData(join(objects, 'cv'), needed.dataVersions)),
    ],
  ];
  return kinds.flatMap(([what, keepDays, list]) => {
    if (keepDays === null) return [];
    const before = new Date(now.getTime() - keepDays * 86_400_000);
    const old = list().filter(({ at }) => at < before);
    if (old.length === 0) return [];
    for (const { path } of dryRun ? [] : old) rmSync(path, { recursive: true, force: true });
    const days = old.map(({ at }) => at.toISOString().slice(0, 10)).sort();
    const bytes = old.reduce((sum, entry) => sum + entry.bytes, 0);
    return [{ what, rows: old.length, bytes, oldest: days[0] ?? null, newest: days.at(-1) ?? null }];
  });
}

async function inUse(
  database: Database,
): Promise<{ batches: Set<string>; reports: string[]; dataVersions: Map<string, Used> }> {
  const batches = await database.query<{ batchId: string }>(
    `select batch_id as "batchId" from batches join runs using (run_id) where status in ('running', 'paused')`,
  );
  const reports = await database.query<{ report: string }>(
    `select report from runs
      where report is not null
        and (status in ('running', 'paused')
             or run_id in (select distinct on (dataset, portfolio) run_id from allocations
                            order by dataset, portfolio, date desc))`,
  );
  const dataVersions = await database.query<Used & { version: string }>(
    `select request ->> 'dataVersion' as version, bool_or(status in ('running', 'paused')) as now,
            max(coalesce(finished_at, claimed_at)) as last
       from runs where request ? 'dataVersion' group by 1`,
  );
  return {
    batches: new Set(batches.rows.map(({ batchId }) => batchId)),
    reports: reports.rows.map(({ report }) => report),
    dataVersions: new Map(dataVersions.rows.map(({ version, ...used }) => [version, used])),
  };
}

/** Folders of data versions (16 hex; `results` is none), as old as the last run that used them. */
function preparedData(folder: string, used: ReadonlyMap<string, Used>): Entry[] {
  return names(folder)
    .filter((name) => /^[0-9a-f]{16}$/.test(name) && used.get(name)?.now !== true)
    .map((name) => {
      const path = join(folder, name);
      return { path, bytes: sizeOf(path), at: used.get(name)?.last ?? statSync(path).mtime };
    });
}

function endedBatches(folder: string, needed: ReadonlySet<string>): Entry[] {
  return names(folder).flatMap((batchId) => {
    const path = join(folder, batchId);
    const record = readRecord(join(path, 'state.json'));
    // Without a state it may be being made this moment; the keeper clears such folders when it starts.
    if (record === undefined || !isTerminal(record.state) || needed.has(batchId)) return [];
    return [{ path, bytes: sizeOf(path), at: new Date(record.finishedAt ?? record.submittedAt) }];
  });
}

function readRecord(file: string) {
  try {
    return readJson<{ state: BatchState; submittedAt: string; finishedAt?: string }>(file);
  } catch {
    return undefined;
  }
}

function files(folder: string, pattern: RegExp): Entry[] {
  return names(folder)
    .filter((name) => pattern.test(name))
    .map((name) => {
      const path = join(folder, name);
      const { size, mtime } = statSync(path);
      return { path, bytes: size, at: mtime };
    });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  return stat.isDirectory()
    ? names(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
    : stat.size;
}
