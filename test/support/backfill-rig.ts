import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readConfig } from '../../src/config.ts';
import type { Database } from '../../src/database/pool.ts';
import { readChecksums } from '../../src/kinds/backfill/checksum.ts';
import type { SinkPlace } from '../../src/kinds/backfill/sinks/sink.ts';
import { startRig, startSharedRig } from './rig.ts';
import type { Rig, RunEnd, StackRig } from './rig.ts';

/** 60 trading days of the generated series, in two training windows. */
export const first = '2024-05-20';
export const last = '2024-08-12';
export const dates = 60;
export const paths = 300;

const series = ['--commodity', 'SAMPLE', '--paths', String(paths)];
const usualModels = ['--models', 'naive', 'xgboost'];
const usualRange = ['--start', first, '--end', last];

/** What a backfill is asked for, unless a test says otherwise. */
export const backfillOptions: readonly string[] = [...series, ...usualModels, ...usualRange];

export interface BackfillRig extends Rig {
  /** A backfill of the 60 days, naive and XGBoost, unless the options say otherwise. */
  backfill(...options: string[]): { child: ChildProcess; end: Promise<RunEnd> };
  /** A number that changes with any key or value of any forecast or model; not with when and how often it was made. */
  forecastChecksum(from?: string, to?: string, sink?: SinkPlace): Promise<string>;
}

/** Imports the generated prices; takes the rig down where that fails. */
async function withPrices<R extends Rig>(rig: R): Promise<R & BackfillRig> {
  const imported = await rig.begin('import', 'prices', '--sample').end;
  if (imported.exitCode !== 0) {
    await rig.takeDown();
    throw new Error(`the prices were not imported: ${imported.stderr} ${JSON.stringify(imported.result)}`);
  }
  return {
    ...rig,
    backfill(...options) {
      const models = options.includes('--models') ? [] : usualModels;
      const range = options.includes('--start') ? [] : usualRange;
      return rig.begin('run', 'backfill', ...series, ...models, ...range, ...options);
    },
    forecastChecksum: (from = first, to = last, sink) => forecastChecksum(rig.database, from, to, sink),
  };
}

/** A worker on the shared servers, with the generated prices. */
export const startSharedBackfillRig = async (): Promise<BackfillRig> => withPrices(await startSharedRig());

/** A stack of its own with the generated prices in it. */
export const startBackfillRig = async (variables: NodeJS.ProcessEnv = {}): Promise<BackfillRig & StackRig> =>
  withPrices(await startRig(variables));

/**
 * Over keys and values in key order, those of the paths by their own checksum, whatever their sink; the actual path and the
 * scores are refreshed, so they are not part of it.
 */
export async function forecastChecksum(
  database: Database,
  from: string,
  to: string,
  sink?: SinkPlace,
): Promise<string> {
  const { rows: forecasts } = await database.query<{ commodity: string; versions: string[] }>(
    `select commodity, array_agg(distinct model_version) as versions from forecast_metadata group by 1 order by 1`,
  );
  const ofPaths: unknown[] = [];
  for (const { commodity, versions } of forecasts) {
    const asked = { sink, commodity, versions, first: from, last: to, paths };
    ofPaths.push(commodity, await readChecksums(readConfig(), database.options.connectionString!, asked));
  }
  const { rows } = await database.query<{ sum: string }>(
    `select md5(concat(
       (select string_agg(md5((commodity, model_version, forecast_start_date, data_cutoff_date, forecast_date, day_ahead,
                               forecast_mean, forecast_std, lower_95, upper_95)::text), ''
                          order by commodity, model_version, forecast_start_date, day_ahead)
          from point_forecasts where forecast_start_date between $1 and $2),
       (select string_agg(md5((commodity, model_version, forecast_start_date, day_ahead, q025, q10, q25, q50, q75, q90,
                               q975)::text), '' order by commodity, model_version, forecast_start_date, day_ahead)
          from forecast_quantiles where forecast_start_date between $1 and $2),
       (select string_agg(md5((forecast_id, data_cutoff_date, training_date, fingerprint, model_sha256,
                               unusual_origin)::text), '' order by forecast_id)
          from forecast_metadata where forecast_start_date between $1 and $2),
       (select string_agg(md5((commodity, model_key, training_date, sha256, data_hash)::text), ''
                          order by commodity, model_key, training_date)
          from fitted_models where training_date between $1::date - 200 and $2))) as sum`,
    [from, to],
  );
  return createHash('sha256')
    .update(JSON.stringify([ofPaths, rows[0]!.sum]))
    .digest('hex');
}

/** Throws away what was forecast, so that the next run makes it again; `models` as well, so that it trains them too. */
export async function forgetForecasts({ database }: Pick<Rig, 'database'>, models = false): Promise<void> {
  await database.query('delete from distributions where path_id > 0');
  await database.query('delete from point_forecasts');
  await database.query('delete from forecast_quantiles');
  await database.query('delete from forecast_metadata');
  await database.query('delete from path_fingerprints');
  if (models) await database.query('delete from fitted_models');
}
