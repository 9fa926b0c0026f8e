import type { Database } from '../../database/pool.ts';

/**
 * Models that have failed on every fold for a reason of their own, with the first one: other data or parameters are
 * needed, and no retry. What an infrastructure or a memory failed of is still to be made.
 */
export async function outOfTheRunning(
  database: Database,
  runId: string,
): Promise<{ label: string; reason: string }[]> {
  const found = await database.query<{ label: string; reason: string }>(
    `select u.model_version as label,
            (array_agg(coalesce(f.error, u.reason) order by u.position))[1] as reason
       from units u
       left join cv_fits f on f.run_id = u.run_id and f.fit_key = u.fingerprint and f.status = 'failed'
      where u.run_id = $1 and u.kind = 'fit'
      group by u.model_version
     having bool_and(u.verdict in ('failed', 'quarantined') and f.error_type in ('InvalidInput', 'JobFailed'))
      order by u.model_version`,
    [runId],
  );
  return found.rows;
}

/** Rows tested for each row trained on, mean over these folds; 0 where the data version is not there. */
export async function readTestShare(
  database: Database,
  dataVersion: string,
  folds: readonly number[],
): Promise<number> {
  const found = await database.query<{ share: number }>(
    `select coalesce(avg(test_rows::double precision / nullif(train_rows, 0)), 0)::double precision as share
       from cv_folds where data_version = $1 and fold = any ($2)`,
    [dataVersion, folds],
  );
  return found.rows[0]!.share;
}
