import { join } from 'node:path';
import type { Day } from '../../../planning/days.ts';
import { askPython } from '../../../python.ts';
import type { SinkDefinition } from './sink.ts';

/** What the reader says (spark/sevenfold_jobs/sinks/look.py): lists over the dates that have a row. */
interface Looked {
  /** The table's own id; null where there is no table yet. */
  table: string | null;
  dates: Day[];
  found: number[];
  sound: number[];
  first: number[];
  last: number[];
  cutoffs: Day[];
}

/** A Delta table in a folder (docs/delta.md). Its jobs make it; its dates are counted from its files by a small reader. */
export const delta: SinkDefinition = {
  name: 'delta',
  defaultPath: (objects) =>
    objects.startsWith('gs://') ? `${objects}/delta/distributions` : join(objects, 'delta', 'distributions'),
  refusal(path) {
    if (path.startsWith('gs://'))
      return 'buckets are not there yet; name a folder with --sink-path, or use --sink postgres';
    if (path.includes('%'))
      return 'the Delta library cannot write below a folder with % in its name; name another with --sink-path';
    return undefined;
  },
  open: (config, place) => ({
    place,
    async prepare() {},
    async look(_, { commodity, version, start, end, paths, horizon }) {
      const seen = await askPython<Looked>(config, 'sevenfold_jobs.sinks.look', {
        path: place.path,
        commodity,
        version,
        first: start,
        last: end,
        paths,
        horizon,
      });
      return {
        select: `select * from unnest($16::date[], $17::integer[], $18::integer[], $19::integer[], $20::integer[], $21::date[])
                   as seen (date, found, sound, first, last, cutoff)`,
        values: [seen.dates, seen.found, seen.sound, seen.first, seen.last, seen.cutoffs],
        id: `delta/${seen.table}`,
        withMetadata: false,
      };
    },
  }),
};
