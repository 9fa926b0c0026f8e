import type { Config } from '../../config.ts';
import type { Day } from '../../planning/days.ts';
import { askPython } from '../../python.ts';
import type { SinkPlace } from './sinks/sink.ts';

/** Over the paths of a model version that lie in a range, whatever their sink (docs/decisions/059-one-checksum-of-paths.md). */
export interface Checksum {
  version: string;
  /** Dates that have a path, and their paths. */
  dates: number;
  rows: number;
  sha256: string;
}

/** Reads every path of the range. */
export async function readChecksums(
  config: Pick<Config, 'stateFolder' | 'checkout'>,
  databaseUrl: string,
  asked: {
    sink?: SinkPlace | undefined;
    commodity: string;
    versions: string[];
    first: Day;
    last: Day;
    /** How many a date has, about: by it the reader bounds its memory. */
    paths: number;
  },
): Promise<Checksum[]> {
  const { checksums } = await askPython<{ checksums: Checksum[] }>(
    config,
    'sevenfold_jobs.sinks.sums',
    { ...asked, sink: asked.sink ?? null },
    databaseUrl,
  );
  return checksums;
}
