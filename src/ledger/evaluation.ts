import type { Database } from '../database/pool.ts';
import type { Day } from '../planning/days.ts';

/** Mean absolute errors in percent points; each forecast counts once, so a day weighs as many as it has pools. */
export interface PopulationScore {
  /** `passing`: the pools that pass the pre-filter on the run date; `all`: every pool that can be forecast. */
  population: 'passing' | 'all';
  days: number;
  forecasts: number;
  maeModel: number;
  maePersistence: number;
  maeMean7d: number;
  /** Of the model's error to that of "same as yesterday": below 1 the model is better. */
  ratio: number;
  /** Share of the values that came between the 10 % and the 90 % quantile. */
  coverage80: number;
}

export interface EvaluatedDay {
  date: Day;
  population: 'passing' | 'all';
  pools: number;
  maeModel: number;
  maePersistence: number;
  maeMean7d: number;
  coverage80: number;
  shrink: number;
}

export interface Evaluation {
  populations: PopulationScore[];
  byDay: EvaluatedDay[];
}

/** What a walk-forward evaluation found, from its rows. */
export async function readEvaluation(database: Database, runId: string): Promise<Evaluation> {
  const populations = await database.query<PopulationScore>(
    `select population, count(*)::integer as days, sum(pools)::integer as forecasts,
            sum(pools * mae_model) / sum(pools) as "maeModel",
            sum(pools * mae_persistence) / sum(pools) as "maePersistence",
            sum(pools * mae_mean_7d) / sum(pools) as "maeMean7d",
            coalesce(sum(pools * mae_model) / nullif(sum(pools * mae_persistence), 0), 1) as ratio,
            sum(pools * coverage_80) / sum(pools) as "coverage80"
       from forecast_evaluation_days where run_id = $1
      group by population order by population desc`,
    [runId],
  );
  const byDay = await database.query<EvaluatedDay>(
    `select date, population, pools, mae_model as "maeModel", mae_persistence as "maePersistence",
            mae_mean_7d as "maeMean7d", coverage_80 as "coverage80", shrink
       from forecast_evaluation_days where run_id = $1 order by population desc, date`,
    [runId],
  );
  return { populations: populations.rows, byDay: byDay.rows };
}
