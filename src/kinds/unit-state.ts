import type { Database } from '../database/pool.ts';
import type { Run } from '../ledger/runs.ts';

/** A digest of the verdicts of a run's fits, or of all its units but its page. Neither the run's own times nor a repeated look make another choice or another page. */
export async function stateOf(
  database: Database,
  run: Run,
  which: `kind = 'fit'` | `unit <> 'report'`,
): Promise<string> {
  const found = await database.query<{ state: string | null }>(
    `select md5(string_agg(concat_ws(' ', unit, verdict, fingerprint, reason, rows_found), ',' order by unit)) as state
       from units where run_id = $1 and ${which} and unit <> 'fit'`,
    [run.runId],
  );
  return found.rows[0]?.state ?? '';
}
