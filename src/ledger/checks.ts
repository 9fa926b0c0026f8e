import { inTransaction } from '../database/pool.ts';
import type { Database } from '../database/pool.ts';

/** `block` ends the run, `warn` is shown, `info` is a number worth seeing. */
export type Severity = 'block' | 'warn' | 'info';

/** One look at the data: what was found, what should be there. */
export interface Check {
  name: string;
  severity: Severity;
  passed: boolean;
  observed: string;
  expected: string;
  message: string;
}

/** Replaces what was known of a unit's checks. */
export async function storeChecks(
  database: Database,
  runId: string,
  unit: string,
  checks: Check[],
): Promise<void> {
  await inTransaction(database, async (client) => {
    await client.query('delete from checks where run_id = $1 and unit = $2', [runId, unit]);
    await client.query(
      `insert into checks (run_id, unit, name, severity, passed, observed, expected, message)
       select $1, $2, c.name, c.severity, c.passed, c.observed, c.expected, c.message
         from jsonb_to_recordset($3::jsonb)
           as c (name text, severity text, passed boolean, observed text, expected text, message text)`,
      [runId, unit, JSON.stringify(checks)],
    );
  });
}

export async function readChecks(database: Database, runId: string): Promise<(Check & { unit: string })[]> {
  const found = await database.query<Check & { unit: string }>(
    `select c.unit, c.name, c.severity, c.passed, c.observed, c.expected, c.message
       from checks c join units u using (run_id, unit)
      where run_id = $1
      order by u.position, c.severity = 'info', c.severity = 'warn', c.name`,
    [runId],
  );
  return found.rows;
}

/** What the checks of a phase come to. */
export interface Verification {
  checks: Check[];
  rowsDue: number;
  rowsFound: number;
  /** The messages of the blocking checks that failed; empty means whole. */
  blocking: string[];
}

export function judged(checks: Check[]): Verification {
  const rows = checks.find((check) => check.name === 'rows');
  return {
    checks,
    rowsDue: Number(rows?.expected ?? 0),
    rowsFound: Number(rows?.observed ?? 0),
    blocking: checks
      .filter((check) => check.severity === 'block' && !check.passed)
      .map(
        (check) => `${check.name}: found ${check.observed}, expected ${check.expected} (${check.message})`,
      ),
  };
}
