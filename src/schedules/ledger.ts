import type { Database } from '../database/pool.ts';
import type { ScheduleEntry } from './entries.ts';

/** Nominal times in here were not meant to run. */
export interface Pause {
  from: Date;
  /** Null while it lasts. */
  to: Date | null;
}

/** A row of `schedules`: what was applied to Temporal, for those who cannot ask it. */
export interface AppliedSchedule {
  id: string;
  spec: ScheduleEntry;
  fingerprint: string;
  appliedAt: Date;
  /** Nominal times from here on are judged. */
  countsFrom: Date;
  pauses: Pause[];
  removedAt: Date | null;
}

type Row = Omit<AppliedSchedule, 'pauses'> & { pauses: { from: string; to: string | null }[] };

/** All schedules that were ever applied; those that were removed carry when. */
export async function readApplied(database: Database): Promise<AppliedSchedule[]> {
  const { rows } = await database.query<Row>(
    `select id, spec, fingerprint, applied_at as "appliedAt", counts_from as "countsFrom", removed_at as "removedAt",
            (select coalesce(json_agg(json_build_object('from', lower(pause), 'to', upper(pause)) order by pause), '[]')
               from unnest(pauses) as pause) as pauses
       from schedules order by id`,
  );
  return rows.map((row) => ({
    ...row,
    pauses: row.pauses.map(({ from, to }) => ({
      from: new Date(from),
      to: to === null ? null : new Date(to),
    })),
  }));
}

/**
 * Notes what was applied. Nominal times are judged from the moment on at which the schedule got its times and its input:
 * another deadline or overlap changes nothing about the runs before it.
 */
export async function recordApplied(
  database: Database,
  spec: ScheduleEntry,
  fingerprint: string,
  at: Date,
): Promise<void> {
  await database.query(
    `insert into schedules as known (id, spec, fingerprint, applied_at, counts_from)
     values ($1, $2, $3, $4, $4)
     on conflict (id) do update
        set spec = excluded.spec, fingerprint = excluded.fingerprint, applied_at = excluded.applied_at, removed_at = null,
            pauses = case when known.removed_at is null then known.pauses else '{}' end,
            counts_from = case when known.removed_at is null
                                and known.spec -> 'cron' = excluded.spec -> 'cron'
                                and known.spec -> 'workflow' = excluded.spec -> 'workflow'
                                and known.spec -> 'input' = excluded.spec -> 'input'
                          then known.counts_from else excluded.counts_from end`,
    [spec.id, JSON.stringify(spec), fingerprint, at],
  );
}

/** Notes that a schedule is paused or goes on; nothing where the ledger has it so already. */
export async function recordPaused(database: Database, id: string, paused: boolean, at: Date): Promise<void> {
  const rest = 'tstzmultirange(tstzrange($2, null))';
  await database.query(
    paused
      ? `update schedules set pauses = pauses + ${rest} where id = $1 and not upper_inf(pauses)`
      : `update schedules set pauses = pauses - ${rest} where id = $1 and upper_inf(pauses)`,
    [id, at],
  );
}

/** Notes that a schedule is gone; what it was late with is nobody's business any more. */
export async function recordRemoved(database: Database, id: string, at: Date): Promise<void> {
  await database.query(
    `with removed as (update schedules set removed_at = $2 where id = $1 and removed_at is null)
     update alerts set resolved_at = $2 where schedule_id = $1 and resolved_at is null`,
    [id, at],
  );
}

export type AlertKind = 'not_started' | 'late';

/** A row of `alerts`. */
export interface Alert {
  scheduleId: string;
  nominalTime: Date;
  kind: AlertKind;
  message: string;
  raisedAt: Date;
  notifiedAt: Date | null;
}

const alertColumns = `schedule_id as "scheduleId", nominal_time as "nominalTime", kind, message,
  raised_at as "raisedAt", notified_at as "notifiedAt"`;

/** Alerts whose run is still not complete, newest nominal time first. */
export async function openAlerts(database: Database): Promise<Alert[]> {
  const { rows } = await database.query<Alert>(
    `select ${alertColumns} from alerts where resolved_at is null order by nominal_time desc, schedule_id, kind`,
  );
  return rows;
}

/** Notes what was found, once; answers what nobody knew before. */
export async function raiseAlerts(
  database: Database,
  found: readonly Pick<Alert, 'scheduleId' | 'nominalTime' | 'kind' | 'message'>[],
  at: Date,
): Promise<Alert[]> {
  if (found.length === 0) return [];
  const { rows } = await database.query<Alert>(
    `insert into alerts (schedule_id, nominal_time, kind, message, raised_at)
     select f."scheduleId", f."nominalTime", f.kind, f.message, $2
       from jsonb_to_recordset($1::jsonb)
         as f ("scheduleId" text, "nominalTime" timestamptz, kind text, message text)
     on conflict do nothing
     returning ${alertColumns}`,
    [JSON.stringify(found), at],
  );
  return rows;
}

/** Closes the alerts of runs that are complete now; answers how many. */
export async function resolveAlerts(
  database: Database,
  complete: readonly { scheduleId: string; nominalTime: Date }[],
  at: Date,
): Promise<number> {
  if (complete.length === 0) return 0;
  const resolved = await database.query(
    `update alerts set resolved_at = $2
       from jsonb_to_recordset($1::jsonb) as c ("scheduleId" text, "nominalTime" timestamptz)
      where schedule_id = c."scheduleId" and nominal_time = c."nominalTime" and resolved_at is null`,
    [JSON.stringify(complete), at],
  );
  return resolved.rowCount ?? 0;
}

/**
 * Closes open alerts by hand: of these schedules, or of all, of nominal times up to the end of a day (UTC). What was raised
 * once is not raised again.
 */
export async function closeAlerts(
  database: Database,
  { schedules, lastDay }: { schedules?: readonly string[]; lastDay?: string },
  at: Date,
): Promise<Alert[]> {
  const { rows } = await database.query<Alert>(
    `update alerts set resolved_at = $3
      where resolved_at is null and ($1::text[] is null or schedule_id = any ($1))
        and ($2::date is null or nominal_time < ($2::date + 1)::timestamp at time zone 'UTC')
      returning ${alertColumns}`,
    [schedules ?? null, lastDay ?? null, at],
  );
  return rows.sort((a, b) => b.nominalTime.getTime() - a.nominalTime.getTime());
}

/**
 * Takes every open alert of these schedules that was not sent yet. Marked before it is sent: of two checks at once, or
 * of one that is killed in between, no alert is sent twice.
 */
export async function claimUnnotified(
  database: Database,
  scheduleIds: readonly string[],
  at: Date,
): Promise<Alert[]> {
  if (scheduleIds.length === 0) return [];
  const { rows } = await database.query<Alert>(
    `update alerts set notified_at = $2
      where schedule_id = any ($1) and notified_at is null and resolved_at is null
      returning ${alertColumns}`,
    [scheduleIds, at],
  );
  return rows.sort((a, b) => a.nominalTime.getTime() - b.nominalTime.getTime());
}

/** A message that certainly did not arrive may be tried again. */
export async function releaseNotification(database: Database, alerts: readonly Alert[]): Promise<void> {
  await database.query(
    `update alerts set notified_at = null
       from jsonb_to_recordset($1::jsonb) as a ("scheduleId" text, "nominalTime" timestamptz, kind text)
      where schedule_id = a."scheduleId" and nominal_time = a."nominalTime" and alerts.kind = a.kind`,
    [JSON.stringify(alerts)],
  );
}
