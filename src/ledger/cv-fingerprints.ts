import { createHash } from 'node:crypto';
import type { Database } from '../database/pool.ts';
import type { RunUnit } from '../planning/phases.ts';
import { cvRequestOf } from './cv.ts';
import { resultVersion } from './result-versions.ts';
import type { Run } from './runs.ts';

/** Raised when the page of a cross-validation, or the rule of the choice, changes. */
const versions = { report: 1, select: 1 };

/** What a phase of a cross-validation would read now. The fits have none: each is named by its content. */
export async function cvFingerprint(database: Database, run: Run, unit: RunUnit): Promise<string> {
  const { dataVersion } = cvRequestOf(run);
  switch (unit) {
    case 'folds':
      return digest([dataVersion, resultVersion('cv_prepare')]);
    case 'select':
      return digest([versions.select, await stateOf(database, run, `kind = 'fit'`)]);
    case 'refit': {
      const chosen = await database.query<{ chosen: string }>(
        'select params_hash as chosen from cv_selections where run_id = $1',
        [run.runId],
      );
      const fits = await stateOf(database, run, `kind = 'fit'`);
      return digest([dataVersion, resultVersion('cv_refit'), chosen.rows[0]?.chosen ?? null, fits]);
    }
    case 'report':
      return digest([versions.report, await stateOf(database, run, `unit <> 'report'`)]);
    default:
      return digest([unit, dataVersion]);
  }
}

/** Neither the run's own times nor a repeated look make another choice or another page. */
async function stateOf(
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

function digest(parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
