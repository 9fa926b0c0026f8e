import type { Database } from '../database/pool.ts';
import type { Run } from '../ledger/runs.ts';
import { nominalTimes } from './cron.ts';
import { lookBackMs, scheduledWorkflowId } from './deadlines.ts';
import type { ScheduleEntry } from './entries.ts';
import { openAlerts, readApplied, recordPaused } from './ledger.ts';
import type { Alert } from './ledger.ts';
import { describeOurs, strayIds } from './temporal.ts';
import type { ScheduleServer } from './temporal.ts';
import { schedulable } from './workflows.ts';

export interface ListedSchedule {
  id: string;
  state: 'active' | 'paused' | 'not applied';
  /** False for one that is applied, but that the file no longer has. */
  inFile: boolean;
  workflow: string | null;
  cron: string | null;
  deadline: string | null;
  note: string | null;
  nextTimes: Date[];
  /** Newest first; whoever started them. */
  lastRuns: Pick<Run, 'key' | 'status' | 'statement' | 'workflowId'>[];
  alerts: Alert[];
}

const timesShown = 3;

/**
 * The schedules of the file and those that are applied. A pause that somebody made in Temporal itself, or that Temporal
 * made after a failure, is noted in the ledger on the way.
 */
export async function listSchedules(
  server: ScheduleServer,
  database: Database,
  entries: readonly ScheduleEntry[],
  now: Date,
): Promise<ListedSchedule[]> {
  const applied = new Map((await readApplied(database)).map((row) => [row.id, row]));
  const alerts = await openAlerts(database);
  const ids = [...entries.map(({ id }) => id), ...(await strayIds(server, database, entries))];
  const listed: ListedSchedule[] = [];
  for (const id of ids) {
    const found = await describeOurs(server, id);
    const entry = entries.find((one) => one.id === id) ?? applied.get(id)?.spec;
    const started = found?.info.recentActions.map(({ action }) => action.workflow.workflowId) ?? [];
    if (found !== undefined) await recordPaused(database, id, found.state.paused, now);
    listed.push({
      id,
      state: found === undefined ? 'not applied' : found.state.paused ? 'paused' : 'active',
      inFile: entries.some((one) => one.id === id),
      workflow: entry?.workflow ?? null,
      cron: entry?.cron ?? null,
      deadline: entry?.deadline ?? null,
      note: found?.state.note ?? null,
      nextTimes: found?.state.paused ? [] : (found?.info.nextActionTimes.slice(0, timesShown) ?? []),
      lastRuns: entry === undefined ? [] : await lastRuns(database, entry, started, now),
      alerts: alerts.filter(({ scheduleId }) => scheduleId === id),
    });
  }
  return listed;
}

async function lastRuns(
  database: Database,
  entry: ScheduleEntry,
  started: readonly string[],
  now: Date,
): Promise<ListedSchedule['lastRuns']> {
  const times = nominalTimes(entry.cron, new Date(now.getTime() - lookBackMs), now, timesShown);
  const workflow = schedulable(entry.workflow);
  const { rows } = await database.query<ListedSchedule['lastRuns'][number]>(
    `select key, status, statement, workflow_id as "workflowId" from runs
      where key = any ($1) or workflow_id = any ($2)
      order by date desc nulls last, claimed_at desc limit 5`,
    [
      times.flatMap((time) => workflow?.scheduledKey?.(entry.input, time) ?? []),
      [...started, ...times.map((time) => scheduledWorkflowId(entry.id, time))],
    ],
  );
  return rows;
}
