/** How each source ended for a day, judged by what is stored. */
import type { Database } from '../database/pool.ts';
import { daysBetween } from '../planning/days.ts';
import type { Day } from '../planning/days.ts';
import { keysStored, lastGood, lastProblems } from './responses.ts';
import { CannotPlan } from './source.ts';
import type { DayInHand, LiveSource, SourceName } from './source.ts';

export interface SourceDay {
  source: SourceName;
  state: 'fresh' | 'aged' | 'failed';
  required: boolean;
  keysDue: number;
  keysStored: number;
  lastGood: Day | null;
  allowedDays: number;
  message: string | null;
}

const problemsNamed = 3;

/** How a source ended; undefined where nothing was wanted of it. */
export async function howItEnded(
  database: Database,
  source: LiveSource,
  day: DayInHand,
  troubles: readonly { source: string; message: string }[],
): Promise<SourceDay | undefined> {
  const { name, required, allowedDays, mayLack = 0 } = source;
  let wanted: string[] = [];
  let problem: string | undefined;
  try {
    wanted = (await source.wanted(day)).map(({ key }) => key);
  } catch (error) {
    if (!(error instanceof CannotPlan)) throw error;
    problem = `not asked: ${error.message}`;
  }
  if (wanted.length === 0 && problem === undefined && !required) return undefined;
  const stored = await keysStored(database, name, day.day);
  const lacking = wanted.filter((key) => !stored.has(key));
  const missing = lacking.length;
  const there = wanted.length - missing;
  const whole = missing === 0 && there > 0;
  const known = whole
    ? day.day
    : await lastGood(database, name, day.day, source.datedKeys || missing === 0 ? undefined : lacking);
  const fresh = problem === undefined && there > 0 && missing <= wanted.length * mayLack;
  if (missing > 0 || problem !== undefined) {
    problem ??= await problemOf(database, source, day.day, troubles);
    if (missing > 0 && wanted.length > 1) problem = `${missing} of ${wanted.length} missing: ${problem}`;
    problem += `; last good: ${known ?? 'never'}`;
  } else if (there === 0) problem = 'nothing is wanted of it: no pool passes the filters';
  const age = known === null ? Number.POSITIVE_INFINITY : daysBetween(known, day.day);
  const state = fresh ? 'fresh' : age <= allowedDays && allowedDays > 0 ? 'aged' : 'failed';
  const message =
    state === 'aged'
      ? `aged ${age} days (allowed ${allowedDays}): ${problem}`
      : (problem ?? troubleOf(source, troubles) ?? null);
  return {
    ...{ source: name, state, required, allowedDays },
    ...{ keysDue: wanted.length, keysStored: there, lastGood: known, message },
  };
}

function troubleOf(
  { name }: Pick<LiveSource, 'name'>,
  troubles: readonly { source: string; message: string }[],
): string | undefined {
  return troubles.find(({ source }) => source === name)?.message;
}

/** What was answered last for bodies that are missing, the most frequent of it. */
async function problemOf(
  database: Database,
  { name }: LiveSource,
  day: Day,
  troubles: readonly { source: string; message: string }[],
): Promise<string> {
  const found = await lastProblems(database, name, day);
  const trouble = troubleOf({ name }, troubles);
  if (found.length === 0) return trouble ?? 'not asked to the end';
  const groups = new Map<string, typeof found>();
  for (const each of found) groups.set(each.problem, [...(groups.get(each.problem) ?? []), each]);
  const words = [...groups]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, problemsNamed)
    .map(([problem, keys]) => {
      const since = keys.map((key) => key.since.toISOString()).sort()[0]!;
      const tries = keys.reduce((sum, key) => sum + key.tries, 0);
      return `${problem} (${tries} ${tries === 1 ? 'try' : 'tries'} since ${since.slice(11, 19)} UTC)`;
    });
  return [...words, ...(trouble === undefined ? [] : [trouble])].join('; ');
}

/** Replaces what is said of a day's sources. */
export async function storeSourceDays(
  client: Pick<Database, 'query'>,
  day: Day,
  ends: readonly SourceDay[],
): Promise<void> {
  for (const { source, state, required, keysDue, keysStored, lastGood, allowedDays, message } of ends) {
    await client.query(
      `insert into source_days (day, source, state, required, keys_due, keys_stored, last_good, allowed_days, message)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (day, source) do update
          set state = excluded.state, required = excluded.required, keys_due = excluded.keys_due,
              keys_stored = excluded.keys_stored, last_good = excluded.last_good, allowed_days = excluded.allowed_days,
              message = excluded.message, decided_at = now()`,
      [day, source, state, required, keysDue, keysStored, lastGood, allowedDays, message],
    );
  }
}
