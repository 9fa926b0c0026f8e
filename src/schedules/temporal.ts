import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Client, ScheduleDescription, ScheduleOptions, ScheduleOptionsAction } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Priority } from '@temporalio/common';
import { taskQueues } from '../config.ts';
import type { Database } from '../database/pool.ts';
import { Failure } from '../failures.ts';
import { codeChangedRetry } from '../planning/retry.ts';
import type { SearchAttribute } from '../search-attributes.ts';
import { durationMs } from './duration.ts';
import type { ScheduleEntry } from './entries.ts';
import { readApplied, recordApplied, recordPaused, recordRemoved } from './ledger.ts';
import { schedulable } from './workflows.ts';

/** Temporal's part that this file needs. */
export type ScheduleServer = Pick<Client, 'schedule'>;

// A memo of a schedule cannot be changed, so it says only that the schedule is ours.
const mark = { managedBy: 'sevenfold' };

const kind = defineSearchAttributeKey('SevenfoldKind' satisfies SearchAttribute, SearchAttributeType.KEYWORD);

const overlapOf = {
  Skip: 'SKIP',
  BufferOne: 'BUFFER_ONE',
  BufferAll: 'BUFFER_ALL',
  CancelOther: 'CANCEL_OTHER',
  TerminateOther: 'TERMINATE_OTHER',
  AllowAll: 'ALLOW_ALL',
} as const;

export interface Applied {
  id: string;
  action: 'created' | 'updated' | 'unchanged' | 'removed' | 'not in the file';
}

/**
 * Makes Temporal's schedules what the entries say, and notes it in the ledger. Safe to repeat and to kill: what differs
 * is changed, what was changed by hand is put right, a pause stays. With `dryRun` it only says what it would do.
 */
export async function applySchedules(
  server: ScheduleServer,
  database: Database,
  entries: readonly ScheduleEntry[],
  how: { dryRun: boolean; now: Date },
): Promise<Applied[]> {
  const recorded = new Map((await readApplied(database)).map((row) => [row.id, row]));
  const results: Applied[] = [];
  for (const entry of entries) {
    const before = await describeOurs(server, entry.id);
    const known = recorded.get(entry.id);
    const same =
      before !== undefined &&
      known?.removedAt === null &&
      isDeepStrictEqual(known.spec, entry) &&
      known.fingerprint === fingerprintOf(before);
    const action = same ? 'unchanged' : before === undefined ? 'created' : 'updated';
    results.push({ id: entry.id, action });
    if (same || how.dryRun) continue;
    const { scheduleId, memo, ...options } = scheduleOptions(entry);
    if (before === undefined) await server.schedule.create({ ...options, scheduleId, memo: memo! });
    else {
      await server.schedule.getHandle(entry.id).update((now) => ({
        ...options,
        // Whoever paused it had a reason, and wrote it down.
        state: now.state.paused ? now.state : { ...now.state, ...options.state },
      }));
    }
    const after = await server.schedule.getHandle(entry.id).describe();
    await recordApplied(database, entry, fingerprintOf(after), how.now);
    await recordPaused(database, entry.id, after.state.paused, how.now);
  }
  return results;
}

/** Schedules of ours that no entry speaks of any more: in Temporal, or still in the ledger. */
export async function strayIds(
  server: ScheduleServer,
  database: Database,
  entries: readonly ScheduleEntry[],
): Promise<string[]> {
  const strays = new Set(
    (await readApplied(database)).filter(({ removedAt }) => removedAt === null).map(({ id }) => id),
  );
  for await (const { scheduleId, memo } of server.schedule.list()) {
    if (isDeepStrictEqual(memo, mark)) strays.add(scheduleId);
  }
  for (const { id } of entries) strays.delete(id);
  return [...strays].sort();
}

/** Removes a schedule here and there; the runs that it started go on. False where neither had it. */
export async function removeSchedule(
  server: ScheduleServer,
  database: Database,
  id: string,
  now: Date,
): Promise<boolean> {
  const there = await describeOurs(server, id);
  const known = (await readApplied(database)).some((row) => row.id === id && row.removedAt === null);
  if (there !== undefined) await server.schedule.getHandle(id).delete();
  await recordRemoved(database, id, now);
  return there !== undefined || known;
}

/** Pauses a schedule, or lets it go on, and notes it in the ledger: a paused schedule owes no run. */
export async function pauseSchedule(
  server: ScheduleServer,
  database: Database,
  id: string,
  how: { paused: boolean; note: string; now: Date },
): Promise<void> {
  const there = await describeOurs(server, id);
  if (there === undefined) {
    throw new Failure(
      'InvalidInput',
      `Temporal has no schedule "${id}". Apply it: npx sevenfold schedule apply`,
    );
  }
  const handle = server.schedule.getHandle(id);
  if (how.paused) await handle.pause(how.note);
  else await handle.unpause(how.note);
  await recordPaused(database, id, how.paused, how.now);
}

/** The schedule as Temporal has it; undefined where it has none. One of that name that is not ours is left alone. */
export async function describeOurs(
  server: ScheduleServer,
  id: string,
): Promise<ScheduleDescription | undefined> {
  let found: ScheduleDescription;
  try {
    found = await server.schedule.getHandle(id).describe();
  } catch (error) {
    if ((error as Error).name === 'ScheduleNotFoundError') return undefined;
    throw error;
  }
  if (isDeepStrictEqual(found.memo, mark)) return found;
  throw new Failure(
    'InvalidInput',
    `Temporal has a schedule "${id}" that sevenfold did not make: delete it there, or give ours another id.`,
  );
}

/** What a schedule is for, in one line; stands as its note in Temporal while it is not paused. */
export function noteOf(entry: ScheduleEntry): string {
  return `complete within ${entry.deadline} of its time (UTC), else an alert`;
}

function scheduleOptions(entry: ScheduleEntry): ScheduleOptions {
  // The SDK sends the priority of an action, and only its type forgets it.
  const action: ScheduleOptionsAction & { priority: Priority } = {
    type: 'startWorkflow',
    workflowType: entry.workflow,
    args: [entry.input],
    taskQueue: taskQueues.main,
    // Temporal appends the nominal time.
    workflowId: entry.id,
    memo: { schedule: entry.id, deadline: entry.deadline },
    priority: { priorityKey: schedulable(entry.workflow)!.priority },
    retry: codeChangedRetry,
  };
  return {
    scheduleId: entry.id,
    spec: { cronExpressions: [entry.cron], jitter: durationMs(entry.jitter)!, timezone: 'UTC' },
    action,
    policies: {
      overlap: overlapOf[entry.overlap],
      catchupWindow: durationMs(entry.catchUpWindow)!,
      pauseOnFailure: entry.pauseOnFailure,
    },
    memo: mark,
    typedSearchAttributes: [{ key: kind, value: entry.workflow }],
    state: { note: noteOf(entry) },
  };
}

/** Digest of the schedule as Temporal holds it (a cron becomes a calendar there): a change by hand changes it. */
function fingerprintOf({ raw }: ScheduleDescription): string {
  const { spec, action, policies } = raw.schedule!;
  const held: unknown = JSON.parse(JSON.stringify({ spec, action, policies }));
  return createHash('sha256')
    .update(JSON.stringify(sorted(held)))
    .digest('hex');
}

/** The server answers the fields of a memo in another order each time. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, sorted(field)] as const);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}
