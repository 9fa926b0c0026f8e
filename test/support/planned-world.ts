/** Forecasts of 60 dates of two models, with the years of prices before them that training needs. */
import type { Database } from '../../src/database/pool.ts';
import { seedForecasts } from './forecasts.ts';
import type { SeededForecasts } from './forecasts.ts';

export const paths = 40;

/** Every date is whole; each window's model is stored with its hash and fitted on the rows that are there. */
export async function seedPlannedWorld(database: Database): Promise<SeededForecasts> {
  const seeded = await seedForecasts(database, {
    ...{ models: ['naive', 'xgboost'], start: '2019-06-03', dates: 60, paths, distributions: true },
  });
  await database.query(
    `insert into prices (commodity, date, known_at, is_trading_day, close)
     select $1, day, day, true, 60 from generate_series(date '2013-01-01', '2019-06-03', '1 day') as day
      where extract(isodow from day) < 6 on conflict do nothing`,
    [seeded.commodity],
  );
  await database.query(
    `update fitted_models m set sha256 = encode(sha256(convert_to(state_json, 'UTF8')), 'hex'),
            data_hash = (select rows || ':' || digest from price_digests(m.commodity)
                          where as_of < m.training_date order by as_of desc limit 1)`,
  );
  return seeded;
}
