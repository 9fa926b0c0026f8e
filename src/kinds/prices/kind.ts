import { backfillPriority } from '../../planning/priorities.ts';
import { importKey, parseImportInput } from './input.ts';

import { digest } from '../digest.ts';
import type { Kind } from '../kind.ts';
import { bySql, phasesByName } from '../phase.ts';
import { refusalOf } from '../start.ts';
import { phaseStatement } from '../statement.ts';

/** The prices of a file or folder, or the generated sample: all of its rows, or none. */
export const priceImport: Kind = {
  name: 'importPrices',
  title: 'import of prices',
  priority: backfillPriority,
  refusal: (input) => refusalOf(parseImportInput(input)),
  takesDataset: false,
  scheduledKey: (input) => importKey(input),
  isSample: (input) => input['sample'] === true,
  phase: phasesByName({
    import: {
      // Asked for again, it is done again: it is quick, and says itself that nothing has changed.
      reads: async (_, { attempt }) => digest(['import', attempt]),
      whole: bySql(new URL('sql/import.sql', import.meta.url)),
    },
  }),
  counts: async (database, run) => {
    const imported = await database.query<Record<string, number>>(
      `select coalesce((result ->> 'rows')::integer, 0) as rows, coalesce((result ->> 'commodities')::integer, 0) as commodities
         from (select detail as result from units where run_id = $1 and unit = 'import') u`,
      [run.runId],
    );
    return imported.rows[0]!;
  },
  statement: async (_, run, ending) =>
    phaseStatement(run, ending, `${ending.counts['rows']} rows of ${ending.counts['commodities']} series`),
  finish: async (_, { statement }) => ({ figures: statement === null ? [] : [statement] }),
};
