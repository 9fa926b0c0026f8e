import type { Database } from '../../database/pool.ts';
import type { Day } from '../../planning/days.ts';

/** Mean absolute errors of a day, percent points. */
export interface ErrorDay {
  date: Day;
  pools: number;
  model: number;
  persistence: number;
  mean7d: number;
  /** The share of actual values between q10 and q90; 0.8 is what is promised. */
  coverage: number | null;
}

/** Over all days: errors weighed by the pools of each day, and how the forecast compares to persistence. */
export interface ErrorTotals {
  days: number;
  pools: number;
  model: number;
  persistence: number;
  mean7d: number;
  /** Below 1 the forecast is better than "same as yesterday"; null where persistence made no error. */
  ratio: number | null;
  coverage: number | null;
}

export function totalErrors(days: readonly ErrorDay[]): ErrorTotals | null {
  const pools = days.reduce((total, day) => total + day.pools, 0);
  if (pools === 0) return null;
  const mean = (rows: readonly ErrorDay[], of: (day: ErrorDay) => number): number =>
    rows.reduce((total, day) => total + of(day) * day.pools, 0) /
    rows.reduce((total, day) => total + day.pools, 0);
  const model = mean(days, (day) => day.model);
  const persistence = mean(days, (day) => day.persistence);
  const covered = days.filter((day) => day.coverage !== null);
  return {
    days: days.length,
    pools,
    model,
    persistence,
    mean7d: mean(days, (day) => day.mean7d),
    ratio: persistence > 0 ? model / persistence : null,
    coverage: covered.length === 0 ? null : mean(covered, (day) => day.coverage!),
  };
}

/** Mean absolute errors in percent points; each forecast counts once, so a day weighs as many as it has pools. */
export interface PopulationScore {
  /** `passing`: the pools that pass the pre-filter on the run date; `all`: every pool that can be forecast. */
  population: 'passing' | 'all';
  days: number;
  forecasts: number;
  maeModel: number;
  maePersistence: number;
  maeMean7d: number;
  /** The model's error over that of "same as yesterday": below 1 the model is better. */
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
  const byDay = await database.query<EvaluatedDay>(
    `select date, population, pools, mae_model as "maeModel", mae_persistence as "maePersistence",
            mae_mean_7d as "maeMean7d", coverage_80 as "coverage80", shrink
       from forecast_evaluation_days where run_id = $1 order by population desc, date`,
    [runId],
  );
  const populations = (['passing', 'all'] as const).flatMap((population) => {
    const totals = totalErrors(
      byDay.rows
        .filter((row) => row.population === population)
        .map(({ date, pools, maeModel, maePersistence, maeMean7d, coverage80 }) => ({
          date,
          pools,
          model: maeModel,
          persistence: maePersistence,
          mean7d: maeMean7d,
          coverage: coverage80,
        })),
    );
    if (totals === null) return [];
    return [
      {
        population,
        days: totals.days,
        forecasts: totals.pools,
        maeModel: totals.model,
        maePersistence: totals.persistence,
        maeMean7d: totals.mean7d,
        ratio: totals.ratio ?? 1,
        coverage80: totals.coverage!,
      },
    ];
  });
  return { populations, byDay: byDay.rows };
}
