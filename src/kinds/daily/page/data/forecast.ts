/** What the page says of the forecasts: how past ones did, how today's were made, and the fans of the pools held. */
import type { Database } from '../../../../database/pool.ts';
import { queriesBeside } from '../../../../pages/sql.ts';
import type { Day } from '../../../../planning/days.ts';
import type { ErrorDay } from '../../../evaluation/errors.ts';

const readSql = queriesBeside(new URL('..', import.meta.url).href);

export interface ForecastReport {
  /** Past run dates whose actual values are known, oldest first. */
  errors: ErrorDay[];
  evaluation: (ErrorDay & { population: 'passing' | 'all'; shrink: number })[];
  models: ForecastModel[];
  /** By pool, in the order asked for. */
  fans: Fan[];
}

export interface ForecastModel {
  target: 'apy' | 'tvl' | 'gas_avg' | 'gas_max';
  model: string;
  shrink: number | null;
  rows: number;
  features: number;
  firstAsof: Day;
  lastAsof: Day;
  maeModel: number | null;
  maePersistence: number | null;
  /** Days and pools of the rows it learnt from; null for gas and for what older code noted. */
  days: number | null;
  pools: number | null;
  /** Rows that it could have learnt from: more than `rows` where these are a sample. */
  knownRows: number | null;
}

export interface Fan {
  poolId: string;
  history: { date: Day; apy: number }[];
  quantiles: { date: Day; q10: number; q50: number; q90: number }[];
}

const sql = {
  errors: readSql('forecast-errors'),
  evaluation: readSql('newest-evaluation'),
  models: readSql('models'),
  fans: readSql('fans'),
};

const errorDays = 60;
const fanDays = 60;

export async function loadForecastReport(
  database: Database,
  { dataset, date }: { dataset: string; date: Day | null },
  poolIds: readonly string[],
): Promise<ForecastReport> {
  const [errors, evaluation, models, fans] = await Promise.all([
    database.query<ErrorDay>(sql.errors, [dataset, date, errorDays]),
    database.query<ForecastReport['evaluation'][number]>(sql.evaluation, [dataset]),
    database.query<ForecastModel>(sql.models, [dataset, date]),
    database.query<{
      poolId: string;
      date: Day;
      apy: number | null;
      q10: number | null;
      q50: number | null;
      q90: number | null;
    }>(sql.fans, [dataset, date, poolIds, fanDays]),
  ]);
  return {
    errors: errors.rows,
    evaluation: evaluation.rows,
    models: models.rows,
    fans: poolIds.map((poolId) => {
      const mine = fans.rows.filter((row) => row.poolId === poolId);
      return {
        poolId,
        history: mine.flatMap(({ date, apy }) => (apy === null ? [] : [{ date, apy }])),
        quantiles: mine.flatMap(({ date, q10, q50, q90 }) =>
          q10 === null || q50 === null || q90 === null ? [] : [{ date, q10, q50, q90 }],
        ),
      };
    }),
  };
}
