import { join } from 'node:path';
import { arrayText } from '../../../database/array-text.ts';
import { datesOfATask } from '../../../planning/chunks.ts';
import type { Day } from '../../../planning/days.ts';
import { askPython } from '../../../python.ts';
import type { SinkDefinition } from './sink.ts';

/** What the reader says (spark/sevenfold_jobs/sinks/look.py): lists over the dates that have a row. */
interface Looked {
  /** The table's own id; null where there is no table yet. */
  table: string | null;
  /** Which of its newest versions somebody else has made. */
  foreign: string[];
  /** Files of its newest version that are damaged or gone. */
  lost: string[];
  dates: Day[];
  found: number[];
  sound: number[];
  first: number[];
  last: number[];
  cutoffs: Day[];
}

/**
 * A task writes one file. Of dates with few paths it holds more of them: every file costs its reader a few milliseconds,
 * whatever is in it, and the log an entry.
 */
const rowsOfAFile = 120_000;
const mostDatesOfAFile = 1_000;

/** The same rules stand in spark/sevenfold_jobs/sinks/delta/place.py. */
const inBucket = /^gs:\/\/[a-z0-9][a-z0-9._-]+(?:\/[A-Za-z0-9=_@. +-]+)+$/;

/** A Delta table in a folder or a bucket (docs/delta.md). Its jobs make it; its dates are counted from its files by a small reader. */
export const delta: SinkDefinition = {
  name: 'delta',
  defaultPath: (objects) =>
    objects.startsWith('gs://') ? `${objects}/delta/distributions` : join(objects, 'delta', 'distributions'),
  refusal(path) {
    if (path.startsWith('gs://')) {
      return inBucket.test(path.replace(/\/+$/, ''))
        ? undefined
        : 'it must be gs://bucket/folder, the folder of letters, digits and =_@.+- or a space';
    }
    const [encoded] = /%[0-9A-Fa-f]{2}/.exec(path) ?? [];
    return encoded && `the Delta library reads ${encoded} in it as another character; name another folder`;
  },
  open: (config, place) => ({
    place,
    datesOfATask: (paths) =>
      Math.max(datesOfATask, Math.min(mostDatesOfAFile, Math.floor(rowsOfAFile / paths))),
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
        select: `select * from unnest($17::date[], $18::integer[], $19::integer[], $20::integer[], $21::integer[], $22::date[])
                   as seen (date, found, sound, first, last, cutoff)`,
        values: [seen.dates, seen.found, seen.sound, seen.first, seen.last, seen.cutoffs].map(arrayText),
        id: `delta/${seen.table}`,
        withMetadata: false,
        foreign: seen.foreign,
        lost: seen.lost,
      };
    },
  }),
};
