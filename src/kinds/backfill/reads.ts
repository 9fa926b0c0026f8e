import { resultVersion } from '../../ledger/result-versions.ts';
import { digest } from '../digest.ts';
import type { Phase } from '../kind.ts';
import { requestOf } from './forecasts.ts';

/** Raised when the page of a backfill changes. */
const reportVersion = 1;

/** What the evaluation of a range reads: its forecasts, and the prices that they are held against. */
export const readsOfEvaluation: Phase['reads'] = async ({ database }, run) => {
  const { commodity, models, start, end } = requestOf(run);
  const read = await database.query<{ forecasts: string; prices: string }>(
    `select (select md5(string_agg(fingerprint, '' order by forecast_id)) from forecast_metadata
              where commodity = $1 and model_version = any ($2) and forecast_start_date between $3 and $4) as forecasts,
            (select rows || ':' || digest from price_digests($1) order by as_of desc limit 1) as prices`,
    [commodity, models.map(({ version }) => version), start, end],
  );
  return digest([resultVersion('forecast_evaluate'), read.rows[0]]);
};

/** What the page shows. Neither the run's own times nor a repeated look make another page. */
export const readsOfPage: Phase['reads'] = async ({ database }, run) => {
  const units = await database.query<{ state: string }>(
    `select md5(string_agg(concat_ws(' ', unit, verdict, rows_found, reason, committed_at), ',' order by unit)) as state
       from units where run_id = $1 and unit <> 'report' and (kind <> 'phase' or unit = 'evaluate')`,
    [run.runId],
  );
  return digest([reportVersion, units.rows[0]]);
};

/** A fanned phase is looked at in every attempt of the run: its rows carry what they were made from. */
export const readsByAttempt =
  (phase: string): Phase['reads'] =>
  async (_, { attempt }) =>
    digest([phase, attempt]);
