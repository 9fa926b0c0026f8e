import { createInterface } from 'node:readline';
import type { Config } from '../../config.ts';
import { Failure, isFailureType } from '../../failures.ts';
import { beginPython, environmentWithDatabase } from '../../python.ts';
import { locateToolchain } from '../../stack/toolchain.ts';
import type { SinkPlace } from './sinks/sink.ts';

/** What is to be copied: the whole dates of each model version. */
export interface CopyRequest {
  from: SinkPlace;
  to: SinkPlace;
  commodity: string;
  paths: number;
  versions: { version: string; dates: string[] }[];
}

/** What was copied of a version; both sinks hold all `dates` with this checksum. */
export interface Copied {
  version: string;
  dates: number;
  copied: number;
  there: number;
  sha256: string;
}

interface Progress {
  version: string;
  done: number;
  of: number;
}

type Said =
  | ({ status: 'copying' } & Progress)
  | { status: 'done'; copied: Copied[] }
  | { status: 'failed'; errorType?: string; message?: string };

/**
 * Copies paths between sinks, sixty dates at a time, each of which is compared after it was written
 * (spark/sevenfold_jobs/sinks/copying.py). What was copied before it ends, however it ends, stays and is not copied again.
 */
export async function copyForecasts(
  config: Pick<Config, 'stateFolder' | 'checkout'>,
  databaseUrl: string,
  request: CopyRequest,
  onProgress: (so: Progress) => void = () => {},
): Promise<Copied[]> {
  const { stdout, ended } = beginPython(
    'sevenfold_jobs.sinks.copying',
    { ...request },
    {
      python: locateToolchain(config.stateFolder).python,
      checkout: config.checkout,
      env: environmentWithDatabase(databaseUrl),
    },
  );
  let last: Said | undefined;
  for await (const line of createInterface({ input: stdout })) {
    last = JSON.parse(line) as Said;
    if (last.status === 'copying') onProgress(last);
  }
  const { well, how } = await ended;
  if (last?.status === 'done' && well) return last.copied;
  const again = 'What was copied stays; the same command goes on.';
  if (last?.status === 'failed') {
    const type = isFailureType(last.errorType) ? last.errorType : 'JobFailed';
    throw new Failure(type, `The copy failed: ${last.message ?? 'no reason given'} ${again}`);
  }
  throw new Failure('Infrastructure', `The copy ended early (${how}). ${again}`);
}
