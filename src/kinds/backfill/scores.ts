import type { Database } from '../../database/pool.ts';
import type { Day } from '../../planning/days.ts';

/** Scores of one model over the first `horizon` days of its forecasts; null is what cannot be said. */
export interface ForecastScore {
  modelVersion: string;
  start: Day;
  end: Day;
  horizon: number;
  forecasts: number;
  /** (forecast, day) pairs with a known close. */
  days: number;
  mae: number | null;
  rmse: number | null;
  /** Percent. */
  mape: number | null;
  crps: number | null;
  calibrationScore: number | null;
  /** Shares. */
  coverage80: number | null;
  coverage95: number | null;
  sharpness80: number | null;
  sharpness95: number | null;
  /** Percent, from day to day and from the close at the cutoff. */
  directionalAccuracy: number | null;
  directionalAccuracyFromDay0: number | null;
  zeroForecasts: number | null;
  /** The same score for "stays where it is", over the same days. */
  naiveMae: number | null;
  naiveCrps: number | null;
  /** Above 0 is better than naive. */
  skillMae: number | null;
  skillCrps: number | null;
  dmStatistic: number | null;
  dmP: number | null;
  directionP: number | null;
  ljungBoxP: number | null;
  jarqueBeraP: number | null;
  maeAlert: boolean;
  /** Share of the closes at or below each quantile on the last day. */
  calibration: Record<string, number>;
  evaluatedAt: Date;
}

/** Which scores are asked for; what is left out is any. */
export interface ScoreFilter {
  commodity: string;
  modelVersions?: readonly string[];
  start?: Day;
  end?: Day;
}

/** The newest stored scores of each model over one range: of several ranges that fit, the one evaluated last. */
export async function readForecastScores(
  database: Database,
  { commodity, modelVersions, start, end }: ScoreFilter,
): Promise<ForecastScore[]> {
  const read = await database.query<ForecastScore>(
    `with newest as (
       select distinct on (model_version) model_version, start_date, end_date
         from forecast_evaluation
        where commodity = $1 and model_version = any (coalesce($2::text[], array[model_version]))
          and start_date = coalesce($3::date, start_date) and end_date = coalesce($4::date, end_date)
        order by model_version, evaluated_at desc, end_date desc, start_date
     )
     select model_version as "modelVersion", start_date as start, end_date as "end", horizon, forecasts, days,
            mae, rmse, mape, crps, calibration_score as "calibrationScore", coverage_80 as "coverage80",
            coverage_95 as "coverage95", sharpness_80 as "sharpness80", sharpness_95 as "sharpness95",
            directional_accuracy as "directionalAccuracy",
            directional_accuracy_from_day0 as "directionalAccuracyFromDay0", zero_forecasts as "zeroForecasts",
            naive_mae as "naiveMae", naive_crps as "naiveCrps", skill_mae as "skillMae",
            skill_crps as "skillCrps", dm_statistic as "dmStatistic", dm_p as "dmP",
            direction_p as "directionP", ljung_box_p as "ljungBoxP", jarque_bera_p as "jarqueBeraP",
            mae_alert as "maeAlert", calibration, evaluated_at as "evaluatedAt"
       from forecast_evaluation join newest using (model_version, start_date, end_date)
      where commodity = $1
      order by start_date, end_date, horizon, mae, model_version`,
    [commodity, modelVersions ?? null, start ?? null, end ?? null],
  );
  return read.rows;
}
