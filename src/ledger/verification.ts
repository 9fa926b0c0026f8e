import { readFileSync } from 'node:fs';
import type { Database } from '../database/pool.ts';
import type { DailyPhase } from '../planning/phases.ts';
import type { Check } from './checks.ts';
import type { Run } from './runs.ts';

/**
 * The one definition of whole: what is asked before a phase (is there anything left to do?) and after it (is it done?)
 * is the same SQL, one file a phase, each answering with rows of `Check`. The check named `rows` counts what was found
 * against what is due. Parameters: $1 run, $2 data set, $3 run date.
 */
const sql = new Map<DailyPhase, string>(
  (['prepare', 'ingest', 'prefilter', 'metrics'] as const).map((phase) => [
    phase,
    readFileSync(new URL(`sql/${phase}.sql`, import.meta.url), 'utf8'),
  ]),
);

export interface Verification {
  checks: Check[];
  rowsDue: number;
  rowsFound: number;
  /** The messages of the blocking checks that failed; empty means whole. */
  blocking: string[];
}

/** Looks at the rows of a phase; writes nothing. */
export async function verifyPhase(database: Database, run: Run, phase: DailyPhase): Promise<Verification> {
  const query = sql.get(phase);
  if (query === undefined) return { checks: [], rowsDue: 0, rowsFound: 0, blocking: [] };
  const { rows: checks } = await database.query<Check>(query, [run.runId, run.dataset, run.date]);
  const rows = checks.find((check) => check.name === 'rows');
  return {
    checks,
    rowsDue: Number(rows?.expected ?? 0),
    rowsFound: Number(rows?.observed ?? 0),
    blocking: checks
      .filter((check) => check.severity === 'block' && !check.passed)
      .map((check) => `${check.name}: found ${check.observed}, expected ${check.expected} (${check.message})`),
  };
}
