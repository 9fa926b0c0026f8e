import { inTransaction } from '../database/pool.ts';
import type { Database } from '../database/pool.ts';
import type { FailureType } from '../failures.ts';
import type { OpenUnit } from '../planning/chunks.ts';
import type { Day } from '../planning/days.ts';
import { chunkUnit } from './batches.ts';
import type { Run } from './runs.ts';
import type { Fence } from './units.ts';

/**
 * Units that still have to be done, in order. One whose newest attempt has committed is left to the verification; one
 * that was made from other prices or another model is done again only where the run says so.
 */
export async function readOpenUnits(database: Database, runId: string, kind: string): Promise<OpenUnit[]> {
  const found = await database.query<OpenUnit>(
    `select unit, model_version as "modelVersion", chunk, tries, failure_type as "failureType", reason
       from units
      where run_id = $1 and kind = $2 and verdict in ('missing', 'partial')
        and (attempt = 0 or committed_attempt is distinct from attempt)
        and not coalesce((detail ->> 'left')::boolean, false)
      order by model_version, date`,
    [runId, kind],
  );
  return found.rows;
}

/** A run that is claimed again tries every unit of the kind again that was given up before. */
export async function forgetFailures(
  database: Database,
  run: Pick<Run, 'runId' | 'claimedAt'>,
  kind: string,
): Promise<void> {
  await database.query(
    `update units
        set verdict = 'missing', reason = null, failure_type = null, tries = 0, chunk = null, committed_attempt = null
      where run_id = $1 and kind = $3 and coalesce(finished_at, '-infinity') < $2
        and (verdict in ('failed', 'quarantined') or failure_type is not null)`,
    [run.runId, run.claimedAt, kind],
  );
}

/** Numbers the chunks after those that there were, and notes what is given up. Answers the first and the last number. */
export async function numberChunks(
  database: Database,
  runId: string,
  plan: { chunks: readonly string[][]; givenUp: readonly { unit: string; verdict: string }[] },
): Promise<{ first: number; last: number }> {
  return inTransaction(database, async (client) => {
    await client.query(
      `update units u set verdict = g.verdict, finished_at = clock_timestamp()
         from jsonb_to_recordset($2::jsonb) as g (unit text, verdict text)
        where u.run_id = $1 and u.unit = g.unit`,
      [runId, JSON.stringify(plan.givenUp)],
    );
    const highest = await client.query<{ chunk: number }>(
      'select coalesce(max(chunk), 0) as chunk from units where run_id = $1',
      [runId],
    );
    const before = highest.rows[0]!.chunk;
    const units = plan.chunks.flat();
    const numbers = plan.chunks.flatMap((chunk, index) => chunk.map(() => before + 1 + index));
    await client.query(
      `update units u set chunk = n.chunk
         from unnest($2::text[], $3::integer[]) as n (unit, chunk)
        where u.run_id = $1 and u.unit = n.unit`,
      [runId, units, numbers],
    );
    return { first: before + 1, last: before + plan.chunks.length };
  });
}

export interface OpenedChunk {
  fence: Fence;
  /** In order of model and date. */
  units: { unit: string; modelVersion: string; date: Day; trainingDate: Day }[];
  /** Chunks of other runs that were at the same dates: overtaken now, and to be ended. */
  overtaken: { runId: string; chunk: number }[];
}

/**
 * Opens a new attempt of all units of a chunk: from now on no older one can commit, of this run or of any other that
 * writes the same dates of the same series; kinds that only read overtake nobody. Answers undefined when nothing of the chunk is left to do.
 */
export async function beginChunk(
  database: Database,
  run: { runId: string; dataset: string; kind: string },
  chunk: number,
  onlyReading: readonly string[],
): Promise<OpenedChunk | undefined> {
  return inTransaction(database, async (client) => {
    const units = await client.query<OpenedChunk['units'][number] & { kind: string; attempt: number }>(
      `select unit, kind, model_version as "modelVersion", date, training_date as "trainingDate", attempt
         from units
        where run_id = $1 and chunk = $2 and verdict in ('missing', 'partial')
          and (attempt = 0 or committed_attempt is distinct from attempt)
        order by model_version, date
          for update`,
      [run.runId, chunk],
    );
    if (units.rows.length === 0) return undefined;
    const attempt = 1 + Math.max(...units.rows.map((unit) => unit.attempt));
    const names = units.rows.map(({ unit }) => unit);
    await client.query(
      `update units set attempt = $3, started_at = clock_timestamp(), finished_at = null
        where run_id = $1 and unit = any ($2)`,
      [run.runId, names, attempt],
    );
    const overtaken = await client.query<{ runId: string; chunk: number }>(
      `update units u set attempt = u.attempt + 1
         from runs r
        where u.run_id = r.run_id and r.dataset = $2 and r.run_id <> $1
          and not array[r.kind, $6] && $7::text[]
          and u.kind = $3 and u.date = any ($4::date[]) and u.model_version = any ($5::text[])
          and u.committed_attempt is distinct from u.attempt and u.attempt > 0 and u.chunk is not null
      returning u.run_id as "runId", u.chunk`,
      [
        run.runId,
        run.dataset,
        units.rows[0]!.kind,
        units.rows.map(({ date }) => date),
        [...new Set(units.rows.map(({ modelVersion }) => modelVersion))],
        run.kind,
        onlyReading,
      ],
    );
    return {
      fence: { runId: run.runId, unit: chunkUnit(chunk), attempt, fingerprint: '' },
      units: units.rows.map(({ unit, modelVersion, date, trainingDate }) => ({
        unit,
        modelVersion,
        date,
        trainingDate,
      })),
      overtaken: overtaken.rows,
    };
  });
}

/** A part of a chunk that failed, units, dates or a training window: the whole of it where none is named. */
export interface ChunkFailure {
  units?: readonly string[];
  modelVersion?: string;
  dates?: readonly Day[];
  trainingDate?: Day;
  errorType: FailureType;
  message: string;
}

/**
 * Notes why units of a chunk are not done; those that committed all the same, and those that a person skipped, are left
 * alone. A skip fences the batch that has the date: what else was in it did not fail and is sent again as if new.
 */
export async function noteChunkFailure(
  database: Database,
  runId: string,
  chunk: number,
  failure: ChunkFailure,
): Promise<void> {
  await database.query(
    `with skip as (
       select $3 = 'Fenced' and exists (
                select 1 from units where run_id = $1 and chunk = $2 and verdict = 'skipped') as fenced)
     update units
        set verdict = 'missing', finished_at = clock_timestamp(),
            tries = case when skip.fenced then tries else tries + 1 end,
            failure_type = case when skip.fenced then null else $3 end,
            reason = case when skip.fenced then null else $4 end
       from skip
      where run_id = $1 and chunk = $2 and verdict <> 'skipped' and committed_attempt is distinct from attempt
        and ($5::text is null or model_version = $5) and ($6::date[] is null or date = any ($6))
        and ($7::text[] is null or unit = any ($7))`,
    [
      runId,
      chunk,
      failure.errorType,
      failure.message,
      failure.modelVersion ?? null,
      failure.dates ?? (failure.trainingDate === undefined ? null : [failure.trainingDate]),
      failure.units ?? null,
    ],
  );
}

/** How the units of a run stand, by kind and model: for progress, statements and pages. */
export interface UnitTally {
  /** `units.kind`: training windows, forecast dates, fits. */
  kind: string;
  modelVersion: string;
  units: number;
  complete: number;
  partial: number;
  missing: number;
  failed: number;
  quarantined: number;
  skipped: number;
  /** Committed by their newest attempt, verified or not. */
  committed: number;
  rowsDue: number;
  rowsFound: number;
}

export async function tallyUnits(database: Database, runId: string): Promise<UnitTally[]> {
  const tallied = await database.query<UnitTally>(
    `select kind, model_version as "modelVersion", count(*)::integer as units,
            (count(*) filter (where verdict = 'complete'))::integer as complete,
            (count(*) filter (where verdict = 'partial'))::integer as partial,
            (count(*) filter (where verdict = 'missing'))::integer as missing,
            (count(*) filter (where verdict = 'failed'))::integer as failed,
            (count(*) filter (where verdict = 'quarantined'))::integer as quarantined,
            (count(*) filter (where verdict = 'skipped'))::integer as skipped,
            (count(*) filter (where verdict = 'complete' or committed_attempt = attempt and attempt > 0))::integer
              as committed,
            coalesce(sum(rows_due) filter (where verdict <> 'skipped'), 0)::double precision as "rowsDue",
            coalesce(sum(rows_found) filter (where verdict <> 'skipped'), 0)::double precision as "rowsFound"
       from units where run_id = $1 and kind <> 'phase'
      group by kind, model_version order by kind desc, model_version`,
    [runId],
  );
  return tallied.rows;
}

/**
 * Leaves dates out of a run by a person's decision, with its reason; what is complete stays. Nothing of them that is
 * still on its way can commit. Answers how many dates that were.
 */
export async function skipDates(
  database: Database,
  runId: string,
  ranges: readonly { first: Day; last: Day }[],
  reason: string,
): Promise<number> {
  const skipped = await database.query(
    `update units
        set verdict = 'skipped', reason = 'skipped: ' || $4::text, attempt = attempt + 1,
            detail = '{"byHand": true}', finished_at = clock_timestamp()
      where run_id = $1 and kind = 'date' and verdict not in ('complete', 'skipped')
        and exists (select 1 from unnest($2::date[], $3::date[]) as r (first, last)
                     where units.date between r.first and r.last)`,
    [runId, ranges.map(({ first }) => first), ranges.map(({ last }) => last), reason],
  );
  return skipped.rowCount ?? 0;
}
