import type { Database } from '../database/pool.ts';
import { hash } from '../planning/cv-key.ts';
import type { RunUnit } from '../planning/phases.ts';
import { cvRequestOf, readSelection } from './cv.ts';
import { resultVersion } from './result-versions.ts';
import type { Run } from './runs.ts';

const digits = 32;

/** Raised when the page of a cross-validation, or the rule of the choice, changes. */
const versions = { report: 2, select: 2 };

/** What a phase of a cross-validation would read now. The fits have none: each is named by its content. */
export async function cvFingerprint(database: Database, run: Run, unit: RunUnit): Promise<string> {
  const { dataVersion, objectRoot } = cvRequestOf(run);
  switch (unit) {
    case 'folds':
      return hash([dataVersion, objectRoot, resultVersion('cv_prepare')], digits);
    case 'select':
      return hash([versions.select, await stateOf(database, run, `kind = 'fit'`)], digits);
    case 'refit': {
      const selection = await readSelection(database, run.runId);
      const fits = await stateOf(database, run, `kind = 'fit'`);
      return hash([dataVersion, resultVersion('cv_refit'), selection?.paramsHash ?? null, fits], digits);
    }
    case 'report':
      return hash([versions.report, await stateOf(database, run, `unit <> 'report'`)], digits);
    default:
      return hash([unit, dataVersion], digits);
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
