import { Failure } from '../failures.ts';
import type { Database, PoolClient } from '../database/pool.ts';

export type Verdict = 'complete' | 'partial' | 'missing' | 'failed' | 'quarantined' | 'skipped';

/** A row of `units`: the smallest piece that gets a verdict. */
export interface Unit {
  runId: string;
  unit: string;
  kind: string;
  position: number;
  verdict: Verdict;
  attempt: number;
  fingerprint: string | null;
  committedFingerprint: string | null;
  committedAttempt: number | null;
  rowsDue: number | null;
  rowsFound: number | null;
  reason: string | null;
  detail: Record<string, unknown>;
  startedAt: Date | null;
  committedAt: Date | null;
  finishedAt: Date | null;
}

/** What a writer must show to commit: the newest attempt of its unit. */
export interface Fence {
  runId: string;
  unit: string;
  attempt: number;
  fingerprint: string;
}

const columns = `run_id as "runId", unit, kind, position, verdict, attempt, fingerprint,
  committed_fingerprint as "committedFingerprint", committed_attempt as "committedAttempt", rows_due as "rowsDue",
  rows_found as "rowsFound", reason, detail, started_at as "startedAt", committed_at as "committedAt",
  finished_at as "finishedAt"`;

/** Lays out the units of a run once; those that exist keep what is known of them. */
export async function layOutUnits(
  database: Database,
  runId: string,
  units: readonly string[],
): Promise<void> {
  await database.query(
    `insert into units (run_id, unit, position)
     select $1, unit, position - 1 from unnest($2::text[]) with ordinality as laid (unit, position)
     on conflict (run_id, unit) do nothing`,
    [runId, units],
  );
}

export interface FitUnit {
  unit: string;
  model: string;
  position: number;
  /** What decides every figure of the fit. */
  fingerprint: string;
}

/** Lays out exactly these fits of a run; what was made of the same stays. Safe to repeat. */
export async function layOutFitUnits(
  client: PoolClient,
  runId: string,
  fits: readonly FitUnit[],
): Promise<void> {
  await client.query(`delete from units where run_id = $1 and kind = 'fit' and not unit = any ($2)`, [
    runId,
    fits.map(({ unit }) => unit),
  ]);
  await client.query(
    `insert into units (run_id, unit, kind, model_version, position, fingerprint, rows_due)
     select $1, unit, 'fit', model, position, fingerprint, 1
       from jsonb_to_recordset($2::jsonb) as f (unit text, model text, position integer, fingerprint text)
     on conflict (run_id, unit) do update
        set fingerprint = excluded.fingerprint, position = excluded.position, verdict = 'missing',
            committed_attempt = null, tries = 0, failure_type = null, reason = null
      where units.fingerprint is distinct from excluded.fingerprint`,
    [runId, JSON.stringify(fits)],
  );
}

/** The phases of a run. Its dates and windows are counted by `tallyUnits`: there may be a hundred thousand. */
export async function readUnits(database: Database, runId: string): Promise<Unit[]> {
  const found = await database.query<Unit>(
    `select ${columns} from units where run_id = $1 and kind = 'phase' order by position, unit`,
    [runId],
  );
  return found.rows;
}

export async function readUnit(database: Database, runId: string, unit: string): Promise<Unit> {
  const found = await database.query<Unit>(`select ${columns} from units where run_id = $1 and unit = $2`, [
    runId,
    unit,
  ]);
  const row = found.rows[0];
  if (!row) throw new Failure('InvalidInput', `Run ${runId} has no unit "${unit}".`);
  return row;
}

/** Opens a new attempt: from now on no older one can commit. */
export async function beginAttempt(
  database: Database,
  runId: string,
  unit: string,
  fingerprint: string,
): Promise<Fence> {
  const begun = await database.query<{ attempt: number }>(
    `update units
        set attempt = attempt + 1, fingerprint = $3, verdict = 'missing', reason = null,
            started_at = clock_timestamp(), finished_at = null
      where run_id = $1 and unit = $2
      returning attempt`,
    [runId, unit, fingerprint],
  );
  const row = begun.rows[0];
  if (!row) throw new Failure('InvalidInput', `Run ${runId} has no unit "${unit}".`);
  return { runId, unit, attempt: row.attempt, fingerprint };
}

/**
 * The last statement of every transaction that writes a unit's rows (the jobs have the same one in
 * spark/sevenfold_jobs/common/batch.py): whoever is not the newest attempt rolls back.
 */
export async function passFence(
  client: PoolClient,
  fence: Fence,
  written: { rowsDue?: number; detail?: Record<string, unknown> } = {},
): Promise<void> {
  const passed = await client.query(
    `update units
        set committed_fingerprint = $4, committed_attempt = $3, committed_at = clock_timestamp(),
            rows_due = coalesce($5, rows_due), detail = detail || $6::jsonb
      where run_id = $1 and unit = $2 and attempt = $3`,
    [
      fence.runId,
      fence.unit,
      fence.attempt,
      fence.fingerprint,
      written.rowsDue ?? null,
      JSON.stringify(written.detail ?? {}),
    ],
  );
  if (passed.rowCount === 0) {
    throw new Failure(
      'Fenced',
      `${fence.unit} attempt ${fence.attempt} was replaced by a newer one and wrote nothing.`,
    );
  }
}

/** Closes the gate for every unit that is being worked on, so that nothing still on its way can commit. */
export async function raiseFences(database: Database, runId: string): Promise<void> {
  await database.query(
    `update units set attempt = attempt + 1
      where run_id = $1 and verdict <> 'complete' and started_at is not null and finished_at is null`,
    [runId],
  );
}

export async function giveVerdict(
  database: Database,
  runId: string,
  unit: string,
  verdict: {
    verdict: Verdict;
    rowsDue?: number;
    rowsFound?: number;
    reason?: string;
    detail?: Record<string, unknown>;
  },
): Promise<void> {
  await database.query(
    `update units
        set verdict = $3, rows_due = coalesce($4, rows_due), rows_found = coalesce($5, rows_found), reason = $6,
            detail = detail || $7::jsonb, finished_at = clock_timestamp()
      where run_id = $1 and unit = $2`,
    [
      runId,
      unit,
      verdict.verdict,
      verdict.rowsDue ?? null,
      verdict.rowsFound ?? null,
      verdict.reason ?? null,
      JSON.stringify(verdict.detail ?? {}),
    ],
  );
}
