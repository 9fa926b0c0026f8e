import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../database/pool.ts';
import { stretchOf } from '../planning/phases.ts';
import type { PoolUnit, RunUnit } from '../planning/phases.ts';
import type { Check } from './checks.ts';
import { verifyFits, verifyFolds, verifyRefit, verifySelection } from './cv.ts';
import { verifyAudit, verifyDates, verifyWindows } from './forecast-verification.ts';
import type { Run } from './runs.ts';

/**
 * The one definition of whole: what is asked before a unit (is there anything left to do?) and after it (is it done?)
 * is the same SQL, one file a phase, each answering with rows of `Check`. The check named `rows` counts what was found
 * against what is due. Parameters: $1 run, $2 data set, $3 run date; for a stretch of days $4 and $5, its ends.
 */
const sql = new Map<RunUnit | 'days', string>(
  (
    [
      'prepare',
      'ingest',
      'prefilter',
      'metrics',
      'forecast',
      'filter',
      'allocate',
      'days',
      'import',
      'evaluate',
    ] as const
  ).map((name) => [name, readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8')]),
);

/** Phases whose units are judged one by one, and those of a cross-validation. */
const judges = {
  train: verifyWindows,
  infer: verifyDates,
  audit: verifyAudit,
  folds: verifyFolds,
  fit: verifyFits,
  select: verifySelection,
  refit: verifyRefit,
};

export interface Verification {
  checks: Check[];
  rowsDue: number;
  rowsFound: number;
  /** The messages of the blocking checks that failed; empty means whole. */
  blocking: string[];
}

/** Looks at the rows of a phase (for the report: at its file). What is done in chunks has its units judged as well. */
export async function verifyPhase(
  database: Database,
  stateFolder: string,
  run: Run,
  unit: RunUnit,
): Promise<Verification> {
  if (isJudged(unit)) return judged(await judges[unit](database, run));
  const stretch = stretchOf(unit as PoolUnit);
  const query = sql.get(stretch ? 'days' : unit);
  const of = [run.runId, run.dataset, run.date, ...(stretch ? [stretch.firstDay, stretch.lastDay] : [])];
  const checks =
    query === undefined ? [pageCheck(stateFolder, run)] : (await database.query<Check>(query, of)).rows;
  return judged(checks);
}

function isJudged(unit: RunUnit): unit is keyof typeof judges {
  return Object.hasOwn(judges, unit);
}

function judged(checks: Check[]): Verification {
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

function pageCheck(stateFolder: string, run: Run): Check {
  const there = run.report !== null && existsSync(join(stateFolder, run.report));
  return {
    name: 'page',
    severity: 'block',
    passed: there,
    observed: there ? run.report! : 'no file',
    expected: 'a file',
    message: 'the page of the run',
  };
}
