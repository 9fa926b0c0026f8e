import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../ledger/checks.ts';
import type { Run } from '../ledger/runs.ts';
import type { Phase, World } from './kind.ts';

/**
 * Whole by a statement of its own file, which answers with rows of `Check`. Parameters: $1 run, $2 data set, $3 run date,
 * and what else is asked with.
 */
export function bySql(file: URL) {
  const statement = readFileSync(file, 'utf8');
  return async ({ database }: World, run: Run, ...more: unknown[]): Promise<Check[]> =>
    (await database.query<Check>(statement, [run.runId, run.dataset, run.date, ...more])).rows;
}

/** The page of the run is there. */
export const pageIsThere: Phase['whole'] = async ({ config }, run) => {
  const there = run.report !== null && existsSync(join(config.stateFolder, run.report));
  return [
    {
      name: 'page',
      severity: 'block',
      passed: there,
      observed: there ? run.report! : 'no file',
      expected: 'a file',
      message: 'the page of the run',
    },
  ];
};

/** The phases of a kind by name; the compiler asks for each of `Name`. */
export function phasesByName<Name extends string>(
  phases: Record<Name, Phase>,
): (unit: string) => Phase | undefined {
  return (unit) => (Object.hasOwn(phases, unit) ? phases[unit as Name] : undefined);
}
