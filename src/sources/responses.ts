/** `raw_responses`: what was answered, and what of it counts. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Database } from '../database/pool.ts';
import type { Day } from '../planning/days.ts';
import type { Answer } from './answers.ts';
import type { SourceName } from './source.ts';

const pack = promisify(gzip);
const unpack = promisify(gunzip);
/** Bytes that are kept of a body that does not count. */
const keptOfRejected = 4_096;

export interface Response {
  source: SourceName;
  key: string;
  day: Day;
  /** Without keys. */
  url: string;
  answer?: Answer;
  /** Why it does not count; undefined: it does. */
  problem?: string;
}

/** Stores one answer. A good one that came second, because another process was first, is dropped: the first stays. */
export async function storeResponse(database: Database, response: Response): Promise<void> {
  const { source, key, day, url, answer, problem } = response;
  const accepted = problem === undefined;
  const whole = answer?.body ?? Buffer.alloc(0);
  const kept = accepted ? whole : whole.subarray(0, keptOfRejected);
  await database.query(
    `insert into raw_responses (source, key, day, attempt, status, content_type, body, bytes, sha256, url, accepted, problem)
     select $1, $2, $3, 1 + coalesce(max(attempt), 0), $4, $5, $6, $7, $8, $9, $10, $11
       from raw_responses where source = $1 and key = $2 and day = $3
     on conflict do nothing`,
    [
      ...[source, key, day, answer?.status ?? null, answer?.contentType ?? null],
      answer === undefined ? null : await pack(kept),
      whole.length,
      answer === undefined ? null : createHash('sha256').update(whole).digest('hex'),
      ...[url, accepted, problem ?? null],
    ],
  );
}

/** The keys of a source that have an accepted body of the day. */
export async function keysStored(database: Database, source: SourceName, day: Day): Promise<Set<string>> {
  const { rows } = await database.query<{ key: string }>(
    'select key from raw_responses where source = $1 and day = $2 and accepted',
    [source, day],
  );
  return new Set(rows.map(({ key }) => key));
}

/** When each accepted body of the day was stored. */
export async function storedAt(
  database: Database,
  source: SourceName,
  day: Day,
): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await database.query<{ key: string; at: Date }>(
    'select key, fetched_at as at from raw_responses where source = $1 and day = $2 and accepted order by key',
    [source, day],
  );
  return new Map(rows.map(({ key, at }) => [key, at]));
}

/** The digest of the accepted body. */
export async function digestOf(
  database: Database,
  source: SourceName,
  key: string,
  day: Day,
): Promise<string | undefined> {
  const { rows } = await database.query<{ sha256: string }>(
    'select sha256 from raw_responses where source = $1 and key = $2 and day = $3 and accepted',
    [source, key, day],
  );
  return rows[0]?.sha256;
}

/** The accepted body, unpacked; with `before`, the newest of an earlier day. */
export async function readBody(
  database: Database,
  source: SourceName,
  key: string,
  day: Day,
  when: 'same day' | 'before',
): Promise<Buffer | undefined> {
  const { rows } = await database.query<{ body: Buffer }>(
    `select body from raw_responses
      where source = $1 and key = $2 and accepted and ${when === 'before' ? 'day < $3' : 'day = $3'}
      order by day desc limit 1`,
    [source, key, day],
  );
  return rows[0] === undefined ? undefined : unpack(rows[0].body);
}

/** What went wrong last with keys that have no accepted body of the day. */
export async function lastProblems(
  database: Database,
  source: SourceName,
  day: Day,
): Promise<{ key: string; problem: string; tries: number; since: Date }[]> {
  const { rows } = await database.query<{ key: string; problem: string; tries: number; since: Date }>(
    `select key, (array_agg(problem order by attempt desc))[1] as problem, count(*)::int as tries,
            min(fetched_at) as since
       from raw_responses where source = $1 and day = $2
      group by key having not bool_or(accepted) order by key`,
    [source, day],
  );
  return rows;
}

/**
 * The newest day whose answers could stand in for missing ones: the oldest of the newest accepted days of these keys, null
 * where one of them has none. Without keys any answer of the source counts, of a day before.
 */
export async function lastGood(
  database: Database,
  source: SourceName,
  day: Day,
  keys?: readonly string[],
): Promise<Day | null> {
  if (keys === undefined) {
    const { rows } = await database.query<{ day: Day | null }>(
      'select max(day)::text as day from raw_responses where source = $1 and accepted and day < $2',
      [source, day],
    );
    return rows[0]!.day;
  }
  const { rows } = await database.query<{ day: Day | null }>(
    `select case when bool_and(newest is not null) then min(newest)::text end as day
       from (select (select max(day) from raw_responses r
                      where r.source = $1 and r.key = wanted.key and accepted and day <= $2) as newest
               from unnest($3::text[]) as wanted (key)) as found`,
    [source, day, keys],
  );
  return rows[0]!.day;
}
