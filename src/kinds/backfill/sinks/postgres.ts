import { datesOfATask } from '../../../planning/chunks.ts';
import type { SinkDefinition } from './sink.ts';

/** The table `distributions` of the ledger's own database. */
export const postgres: SinkDefinition = {
  name: 'postgres',
  open: (_, place) => ({
    place,
    datesOfATask: () => datesOfATask,
    async prepare(database, commodity, version) {
      await database.query('select distributions_leaf($1, $2)', [commodity, version]);
    },
    // Names of tables cannot be bound: the server quotes the leaf's.
    async analyze(database, commodity, version) {
      const named = await database.query<{ statement: string }>(
        `select format('analyze %I', distributions_leaf($1, $2)) as statement`,
        [commodity, version],
      );
      await database.query(named.rows[0]!.statement);
    },
    async look(_database, { horizon }) {
      return {
        select: countedRows(horizon),
        values: [],
        id: 'postgres',
        withMetadata: true,
        foreign: [],
        lost: [],
      };
    },
  }),
};

/** A leaf's key is (date, path), so as many rows as paths, from 1 to paths, are each path once. */
function countedRows(horizon: number): string {
  // Columns, never values: how many there are is the horizon, a number from 1 to 14. Null where one of them is null, and
  // not finite where one of them is not.
  const days = Array.from({ length: horizon }, (_, day) => `day_${day + 1}`).join(' + ');
  return `select forecast_start_date as date, count(*) as found,
         count(*) filter (where abs(${days.replace('day_1', 'day_1::double precision')}) < 'Infinity'::double precision) as sound,
         min(path_id) as first, max(path_id) as last, null::date as cutoff
    from distributions
   where commodity = $1 and model_version = $2 and forecast_start_date between $3 and $4 and path_id > 0
   group by forecast_start_date`;
}
